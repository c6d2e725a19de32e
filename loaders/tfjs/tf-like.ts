/** What this loader touches of a tensor. */
export interface TensorLike {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Which data of the backend it shows; clones and reshapes show the same. */
  readonly dataId: object;
  dispose(): void;
}

/** Values a tensor is made from: a whole column, or one byte string per element for dtype `string`. */
export type TensorValues = Float32Array | Int32Array | Uint8Array | Uint8Array[];

/** The dtypes this loader makes. */
export type TensorDtype = "float32" | "int32" | "bool" | "string";

/**
 * The part of TensorFlow.js used here. The namespaces of `@tensorflow/tfjs`, `@tensorflow/tfjs-core` and `@tensorflow/tfjs-node` all
 * satisfy it; the caller hands in the one it trains with, so that tensors and model live on the same engine.
 */
export interface TfLike {
  tensor(values: TensorValues, shape: number[], dtype: TensorDtype): TensorLike;
  /** Runs `run` and disposes every tensor made in it that was not kept. */
  tidy(run: () => void): void;
  keep(tensor: TensorLike): TensorLike;
  /** How many tensors show a piece of data: 0 when it is gone. */
  backend?(): { refCount(dataId: object): number };
}

/** The tensor type of a TensorFlow.js namespace. */
export type TensorOf<Tf extends TfLike> = ReturnType<Tf["tensor"]>;

/** Told by shape and never by class: the caller's TensorFlow.js may be another copy than any this package could import. */
export function isTensor(value: unknown): value is TensorLike {
  return typeof value === "object" && value !== null && "dataId" in value && "dispose" in value && "dtype" in value;
}

/** The tensors in a tensor, an array or a record of tensors, depth first; `where` names the place in errors. */
export function tensorsIn(value: unknown, where: string): TensorLike[] {
  if (isTensor(value)) return [value];
  if (typeof value !== "object" || value === null || "then" in value)
    throw new TypeError(`${where} must be a tensor, or an array or record of tensors, got ${describe(value)}`);
  return Object.entries(value).flatMap(([key, part]) => tensorsIn(part, `${where}.${key}`));
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return "then" in value ? "a promise" : "an object";
}
