import { MAX_RAW_BLOCK_BYTES } from "../core/format/limits.js";
import type { ColumnLayout } from "../core/format/row-layout.js";
import type { FieldSpec, FixedField, VariableField } from "../core/format/schema.js";
import { elementCount, isFixed, SCALAR_BYTES } from "../core/format/schema.js";
import { SCALAR_ENCODINGS, type ScalarEncoding } from "./encode-scalar.js";
import type { GrowableBytes } from "./growable.js";
import { jsonText } from "./json-text.js";

/** A value that does not fit its field, before it is known which record it stands in. */
export class Misfit {
  readonly expected: string;
  readonly received: string;
  readonly code: "E_RECORD" | "E_LIMIT";

  constructor(expected: string, received: string, code: "E_RECORD" | "E_LIMIT" = "E_RECORD") {
    this.expected = expected;
    this.received = received;
    this.code = code;
  }
}

/** Takes room for a variable value, unless no block could hold it. */
function reserve(heap: GrowableBytes, bytes: number): number {
  if (bytes > MAX_RAW_BLOCK_BYTES) {
    throw new Misfit(`at most ${MAX_RAW_BLOCK_BYTES} bytes in a record`, `${bytes} bytes`, "E_LIMIT");
  }
  return heap.reserve(bytes);
}

/** Writes the value of one field at byte `at` of the rows (and into its heap) and gives the heap bytes it took. Throws a {@link Misfit}. */
export type PutField = (value: unknown, at: number) => number;

/** Compiles the writer of one field, so that no record asks again what its type is. */
export function compilePut(
  field: FieldSpec,
  column: ColumnLayout,
  rows: GrowableBytes,
  heap: GrowableBytes | undefined,
): PutField {
  const offset = column.offset;
  if (isFixed(field)) return field.shape.length === 0 ? putScalar(field, offset, rows) : putShaped(field, offset, rows);
  if (heap === undefined) throw new TypeError(`the variable field ${column.name} has no heap`);
  return putVariable(field, offset, rows, heap);
}

function putScalar(field: FixedField, offset: number, rows: GrowableBytes): PutField {
  const { put, expected } = SCALAR_ENCODINGS[field.type];
  return (value, at) => {
    if (!put(rows.view, at + offset, value)) throw new Misfit(expected, describe(value));
    return 0;
  };
}

function putShaped(field: FixedField, offset: number, rows: GrowableBytes): PutField {
  const encoding = SCALAR_ENCODINGS[field.type];
  const itemBytes = SCALAR_BYTES[field.type];
  const length = elementCount(field);
  const expected = `${length} values (shape [${field.shape.join(", ")}]) of ${field.type}`;
  return (value, at) => {
    const array = arrayOf(value, field.type);
    if (array === undefined || array.length !== length) throw new Misfit(expected, describe(value));
    putItems(array, encoding, itemBytes, rows, at + offset);
    return 0;
  };
}

/** `{u32 offset, u32 length}` of the row; the offset stays 0 until the block is taken (FORMAT.md 6.4 hashes it so). */
function putVariable(field: VariableField, offset: number, rows: GrowableBytes, heap: GrowableBytes): PutField {
  const append = appendTo(field, heap);
  return (value, at) => {
    const bytes = append(value);
    rows.view.setUint32(at + offset, 0, true);
    rows.view.setUint32(at + offset + 4, bytes, true);
    return bytes;
  };
}

function appendTo(field: VariableField, heap: GrowableBytes): (value: unknown) => number {
  if (field.type === "utf8") return (value) => appendText(asText(value), heap);
  if (field.type === "json") return (value) => appendText(asJson(value), heap);
  if (field.type === "binary") return (value) => appendBytes(value, heap);
  const item = field.item ?? "uint8";
  const encoding = SCALAR_ENCODINGS[item];
  const itemBytes = SCALAR_BYTES[item];
  return (value) => {
    const array = arrayOf(value, item);
    if (array === undefined) throw new Misfit(`an array of ${item}`, describe(value));
    const start = reserve(heap, array.length * itemBytes);
    putItems(array, encoding, itemBytes, heap, start);
    return array.length * itemBytes;
  };
}

function asText(value: unknown): string {
  if (typeof value !== "string") throw new Misfit("a string", describe(value));
  return value;
}

function asJson(value: unknown): string {
  const { text, problem } = jsonText(value);
  if (text === undefined) throw new Misfit("a JSON value", problem);
  return text;
}

const encoder = new TextEncoder();
const LONE_SURROGATE = /\p{Surrogate}/u;

function appendText(text: string, heap: GrowableBytes): number {
  const bytes = Buffer.byteLength(text);
  // Only text with characters beyond ASCII can hold half a surrogate pair.
  if (bytes !== text.length && LONE_SURROGATE.test(text)) {
    throw new Misfit("well-formed text", `a string with a lone surrogate at index ${text.search(LONE_SURROGATE)}`);
  }
  const start = reserve(heap, bytes);
  encoder.encodeInto(text, heap.bytes.subarray(start));
  return bytes;
}

function appendBytes(value: unknown, heap: GrowableBytes): number {
  if (!(value instanceof Uint8Array)) throw new Misfit("a Uint8Array", describe(value));
  const start = reserve(heap, value.length);
  heap.bytes.set(value, start);
  return value.length;
}

type Items = ArrayLike<unknown>;

/**
 * `value` as something to read elements of; undefined where it is no array. Half floats are given as numbers: a `Uint16Array` could be half bits or
 * integers, so it is refused for them.
 */
function arrayOf(value: unknown, type: string): Items | undefined {
  if (Array.isArray(value)) return value;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return undefined;
  if (type === "float16" && value instanceof Uint16Array) return undefined;
  // Every view but DataView is a typed array.
  return value as unknown as Items;
}

function putItems(items: Items, encoding: ScalarEncoding, itemBytes: number, target: GrowableBytes, at: number): void {
  if (ArrayBuffer.isView(items) && encoding.sameBytes.some((type) => items instanceof type)) {
    target.bytes.set(new Uint8Array(items.buffer, items.byteOffset, items.byteLength), at);
    return;
  }
  const { view } = target;
  for (let i = 0; i < items.length; i++) {
    if (!encoding.put(view, at + i * itemBytes, items[i])) {
      throw new Misfit(encoding.expected, `${describe(items[i])} at index ${i}`);
    }
  }
}

/** A value in a few words. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length} values`;
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (ArrayBuffer.isView(value) && "length" in value) return `${name} of ${value.length} values`;
  return name === "Object" ? "an object" : name;
}
