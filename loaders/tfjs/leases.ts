import type { Batch, Schema } from "../../src/index.js";
import type { TensorLike, TfLike } from "./tf-like.js";

interface Lease {
  readonly batch: { release(): void };
  readonly dataIds: readonly object[];
}

/**
 * Batches whose memory tensors may still use. The cpu and node backends make a tensor over the array they are given, so a batch is released only when no tensor has its data any more. That a
 * tensor is disposed says less: a clone shares its data.
 */
export class Leases<S extends Schema> {
  readonly #tf: TfLike;
  #open: Lease[] = [];

  constructor(tf: TfLike) {
    this.#tf = tf;
  }

  /** Holds `batch` until the data of `tensors` is gone. */
  hold(batch: Batch<S>, tensors: readonly TensorLike[]): void {
    this.#open.push({ batch, dataIds: tensors.map(({ dataId }) => dataId) });
  }

  /** Releases the batches whose data is gone. A backend that cannot tell keeps them all. */
  sweep(): void {
    const backend = this.#tf.backend?.();
    if (typeof backend?.refCount !== "function") return;
    const open = this.#open;
    this.#open = [];
    for (const lease of open) {
      if (lease.dataIds.every((dataId) => backend.refCount(dataId) === 0)) lease.batch.release();
      else this.#open.push(lease);
    }
  }
}
