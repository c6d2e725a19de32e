/** A stream the command line writes to. */
export interface CliOutput {
  /** Resolves when the stream has taken the bytes: waiting for it is the backpressure. Rejects with Node's `EPIPE` when nobody reads any more. */
  write(chunk: string | Uint8Array): Promise<void>;
  readonly isTerminal: boolean;
  /** Characters per line; 80 where it is no terminal. */
  readonly columns: number;
}

/** All the command line sees of the process it runs in. */
export interface CliIo {
  /** Opened only by a command that reads it. */
  readonly stdin: () => AsyncIterable<Uint8Array>;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Whether an error says that the reader of a pipe has gone. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
