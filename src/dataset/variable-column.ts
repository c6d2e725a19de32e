import type { VariableField } from "../core/format/schema.js";
import { columnArray, valueArray } from "./elements.js";
import { decodeJson, decodeText } from "./text.js";
import type { NumericArray, VariableColumn } from "./types.js";

/** Bytes of a column and a range of them → a value. */
type ReadItems = (bytes: Uint8Array, start: number, end: number) => unknown;

/**
 * A column of text, bytes, lists or JSON over `offsets` (in items, `length + 1` of them) and the items' bytes. Borrows both.
 *
 * @param validity Bitmap of the rows that have a value; absent where all have.
 */
export function createVariableColumn(
  field: VariableField,
  offsets: Int32Array,
  bytes: Uint8Array,
  validity?: Uint8Array,
): VariableColumn {
  return new ItemColumn(field, offsets, bytes, validity);
}

class ItemColumn implements VariableColumn {
  readonly offsets: Int32Array;
  readonly data: NumericArray;
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #itemBytes: number;
  readonly #validity: Uint8Array | undefined;
  readonly #read: ReadItems;

  constructor(field: VariableField, offsets: Int32Array, bytes: Uint8Array, validity: Uint8Array | undefined) {
    this.offsets = offsets;
    this.data = columnArray(field.item ?? "uint8", bytes);
    this.length = offsets.length - 1;
    this.#bytes = bytes;
    this.#itemBytes = this.data.BYTES_PER_ELEMENT;
    this.#validity = validity;
    this.#read = readItems(field);
  }

  at(i: number): unknown {
    if (!Number.isInteger(i) || i < 0 || i >= this.length) {
      throw new RangeError(`row must be an integer from 0 to ${this.length - 1}, got ${i}`);
    }
    if (this.#validity !== undefined && (((this.#validity[i >> 3] ?? 0) >> (i & 7)) & 1) === 0) return null;
    const start = (this.offsets[i] ?? 0) * this.#itemBytes;
    return this.#read(this.#bytes, start, (this.offsets[i + 1] ?? 0) * this.#itemBytes);
  }
}

function readItems({ type, item = "uint8" }: VariableField): ReadItems {
  if (type === "utf8") return decodeText;
  if (type === "json") return decodeJson;
  if (type === "binary") return (bytes, start, end) => bytes.subarray(start, end);
  return (bytes, start, end) => valueArray(item, bytes.subarray(start, end));
}
