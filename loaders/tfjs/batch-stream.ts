import { type Batch, type DataLoader, type Epoch, HexzError, type LoaderState, type Schema } from "../../src/index.js";

/** Where the first epoch begins. */
export interface StreamStart {
  readonly initialEpoch: number;
  readonly resume: LoaderState | undefined;
}

/** One consumer's pass, begun at its first `next()`. */
interface Pass<R> {
  readonly batches: AsyncGenerator<R, void, undefined>;
  /** Why the pass was taken from its consumer, if it was. */
  ended: "superseded" | "closed" | undefined;
}

/** What TensorFlow.js pulls from. `return()` is for the callers who know of it; `fitDataset` does not. */
export interface BatchIterator<R> {
  next(): Promise<IteratorResult<R, null>>;
  return(): Promise<IteratorResult<R, null>>;
  [Symbol.asyncIterator](): BatchIterator<R>;
}

/**
 * Passes that were dropped without `return()`: when the consumer's handle is collected, the epoch under it is released. It lives with the
 * module because a registry that is itself collected calls nobody.
 */
const dropped = new FinalizationRegistry<Pass<unknown>>((pass) => {
  pass.batches.return().catch(() => undefined); // nobody is left to hear of a failed release
});

/**
 * Opens epochs one after another for consumers that never say when they stop. At most one epoch is open: the first `next()` of a new
 * iterator releases the one before.
 */
export class BatchStream<S extends Schema, R> {
  readonly #loader: DataLoader<S>;
  readonly #convert: (batch: Batch<S>) => R;
  #resume: LoaderState | undefined;
  #nextEpoch: number;
  #state: LoaderState | undefined;
  #current: Pass<R> | undefined;
  #closed = false;

  constructor(loader: DataLoader<S>, convert: (batch: Batch<S>) => R, start: StreamStart) {
    this.#loader = loader;
    this.#convert = convert;
    this.#resume = start.resume;
    this.#nextEpoch = start.initialEpoch;
    this.#state = start.resume;
  }

  /** State after the last batch given; undefined before the first. */
  get state(): LoaderState | undefined {
    return this.#state;
  }

  /** An iterator over the next epoch, or with `repeat` over all that follow. Opens nothing before its first `next()`. */
  iterate(repeat: boolean): BatchIterator<R> {
    this.#assertOpen();
    const pass: Pass<R> = { batches: this.#batches(repeat, () => this.#take(pass)), ended: undefined };
    return createHandle(pass);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#end("closed");
  }

  async *#batches(repeat: boolean, begin: () => Promise<void>): AsyncGenerator<R, void, undefined> {
    await begin();
    let given: number;
    let resumed: boolean;
    do {
      resumed = this.#resume !== undefined;
      given = yield* this.#oneEpoch();
      // A state saved after an epoch's last step resumes to nothing: go on with the next epoch rather than train on none.
    } while (given === 0 ? resumed : repeat);
    this.#current = undefined;
  }

  /** Gives one epoch's batches and returns how many there were. */
  async *#oneEpoch(): AsyncGenerator<R, number, undefined> {
    const epoch = this.#openNext();
    let given = 0;
    for await (const batch of epoch) {
      if (batch.size === 0) continue;
      const converted = this.#convert(batch);
      this.#state = epoch.state();
      given++;
      yield converted;
    }
    return given;
  }

  #openNext(): Epoch<S> {
    const state = this.#resume;
    this.#resume = undefined;
    if (state === undefined) return this.#loader.epoch(this.#nextEpoch++);
    this.#nextEpoch = state.epoch + 1;
    return this.#loader.resume(state);
  }

  async #take(pass: Pass<R>): Promise<void> {
    this.#assertOpen();
    await this.#end("superseded", pass);
  }

  async #end(reason: "superseded" | "closed", successor?: Pass<R>): Promise<void> {
    const pass = this.#current;
    this.#current = successor;
    if (pass === undefined) return;
    pass.ended = reason;
    await pass.batches.return();
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new HexzError("E_CLOSED", "This tfDataset was closed; make another with tfDataset(loader, tf, …).");
  }
}

/** A function of its own, so that no closure that the pass keeps alive shares its scope with the handle and keeps that alive too. */
function createHandle<R>(pass: Pass<R>): BatchIterator<R> {
  const handle: BatchIterator<R> = {
    next: async () => nullWhenDone(pass, await pass.batches.next()),
    return: async () => {
      await pass.batches.return();
      return { done: true, value: null };
    },
    [Symbol.asyncIterator]: () => handle,
  };
  dropped.register(handle, pass);
  return handle;
}

function nullWhenDone<R>(pass: Pass<R>, result: IteratorResult<R, unknown>): IteratorResult<R, null> {
  if (result.done !== true) return result;
  if (pass.ended === undefined) return { done: true, value: null };
  const cause =
    pass.ended === "closed"
      ? "the tfDataset was closed"
      : "a newer iterator of the same tfDataset took its place; give validation a tfDataset of its own";
  throw new HexzError("E_CLOSED", `This iterator ended before its epoch did: ${cause}.`);
}
