import type { Batch, Schema } from "../dataset/types.js";
import type { DataLoader, Epoch, IterationOptions, LoaderState } from "./types.js";

/** An epoch whose batches went through a function. */
export interface MappedEpoch<T> extends AsyncIterableIterator<T>, AsyncDisposable {
  readonly epoch: number;
  readonly steps: number;
  /** State after the last value given. */
  state(): LoaderState;
  return(): Promise<IteratorResult<T>>;
  [Symbol.asyncIterator](): MappedEpoch<T>;
}

/** A loader whose batches go through a function on the calling thread. */
export interface MappedLoader<T> {
  readonly stepsPerEpoch: number;
  epoch(epoch: number, options?: IterationOptions): MappedEpoch<T>;
  resume(state: LoaderState, options?: IterationOptions): MappedEpoch<T>;
  [Symbol.asyncIterator](): MappedEpoch<T>;
}

/** The batches of `loader`, each through `map`. What `map` throws ends the epoch, which gives back all it holds. */
export function mapLoader<S extends Schema, T>(
  loader: DataLoader<S>,
  map: (batch: Batch<S>) => T | Promise<T>,
): MappedLoader<T> {
  return {
    stepsPerEpoch: loader.stepsPerEpoch,
    epoch: (epoch, options) => mapEpoch(loader.epoch(epoch, options), map),
    resume: (state, options) => mapEpoch(loader.resume(state, options), map),
    [Symbol.asyncIterator]: () => mapEpoch(loader[Symbol.asyncIterator](), map),
  };
}

function mapEpoch<S extends Schema, T>(epoch: Epoch<S>, map: (batch: Batch<S>) => T | Promise<T>): MappedEpoch<T> {
  const mapped: MappedEpoch<T> = {
    epoch: epoch.epoch,
    steps: epoch.steps,
    state: () => epoch.state(),
    async next() {
      const result = await epoch.next();
      if (result.done === true) return { done: true, value: undefined };
      try {
        return { done: false, value: await map(result.value) };
      } catch (error) {
        await epoch.return();
        throw error;
      }
    },
    async return() {
      await epoch.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => mapped,
    [Symbol.asyncDispose]: () => epoch[Symbol.asyncDispose](),
  };
  return mapped;
}
