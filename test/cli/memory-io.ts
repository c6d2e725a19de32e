import type { CliIo, CliOutput } from "../../src/cli/io.js";
import { runCli } from "../../src/cli/run.js";

/** What a command line left behind. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MemoryIoOptions {
  readonly isTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly stdin?: Iterable<Uint8Array>;
  /** Called with every chunk for stdout; what it throws, the write rejects with. */
  readonly onWrite?: (chunk: Uint8Array) => void;
}

/** Runs a command line in this process on streams in memory. */
export async function cli(argv: readonly string[], options: MemoryIoOptions = {}): Promise<CliResult> {
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  const exitCode = await runCli(argv, memoryIo(stdout, stderr, options));
  return { exitCode, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

function memoryIo(stdout: Uint8Array[], stderr: Uint8Array[], options: MemoryIoOptions): CliIo {
  const { isTerminal = false, env = {}, signal = new AbortController().signal, stdin = [], onWrite } = options;
  return {
    stdin: () => asyncOf(stdin),
    stdout: memoryOutput(stdout, isTerminal, onWrite),
    stderr: memoryOutput(stderr, isTerminal, undefined),
    env,
    signal,
  };
}

function memoryOutput(chunks: Uint8Array[], isTerminal: boolean, onWrite: MemoryIoOptions["onWrite"]): CliOutput {
  return {
    isTerminal,
    columns: 80,
    write: async (chunk) => {
      const bytes = Buffer.from(chunk);
      onWrite?.(bytes);
      chunks.push(bytes);
    },
  };
}

async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items;
}
