import type { ScalarType } from "../core/format/schema.js";
import { SCALAR_BYTES } from "../core/format/schema.js";
import { fields } from "../dataset/fields.js";
import type { RecordInput, RecordSource, Schema } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import { readInput } from "./read-input.js";
import { createSource } from "./source.js";

/** Files of one dataset in the IDX format: arrays whose first dimension counts the records. */
export interface IdxFiles {
  readonly images: string;
  readonly labels?: string | undefined;
}

/** Records of the MNIST family: images `[height, width, 1]`, labels as int32. */
export type LabelledImages = {
  readonly image: ReturnType<typeof imageField>;
  readonly label: ReturnType<typeof labelField>;
};

const imageField = (shape: readonly number[]) => fields.uint8(shape);
const labelField = () => fields.int32();

/** The type byte of an IDX magic number. */
const TYPES: ReadonlyMap<number, ScalarType> = new Map([
  [0x08, "uint8"],
  [0x09, "int8"],
  [0x0b, "int16"],
  [0x0c, "int32"],
  [0x0d, "float32"],
  [0x0e, "float64"],
]);

/**
 * IDX files (MNIST, Fashion-MNIST, EMNIST …), also gzipped. Images of bytes get the shape `[height, width, 1]`, labels of bytes become int32; other arrays keep type and
 * shape in a field `value`. Format: http://yann.lecun.com/exdb/mnist, "The IDX file format".
 *
 * @throws HexzError `E_INPUT` while reading: not IDX, cut short, too long, or another number of labels than images.
 * @example
 * await pack(idx({ images: "t10k-images-idx3-ubyte.gz", labels: "t10k-labels-idx1-ubyte.gz" }), "test.hxz");
 */
export function idx(files: { readonly images: string; readonly labels: string }): RecordSource<LabelledImages>;
export function idx(files: string | IdxFiles): RecordSource;
export function idx(files: string | IdxFiles): RecordSource {
  const { images, labels } = typeof files === "string" ? { images: files, labels: undefined } : files;
  const readSchema = async () => {
    const schema = await fieldOf(images);
    return labels === undefined ? schema : { ...schema, ...(await fieldOf(labels)) };
  };
  return createSource<Schema>(readSchema, () => (labels === undefined ? readArray(images) : readPairs(images, labels)));
}

/** An array's header. */
interface IdxHeader {
  readonly type: ScalarType;
  readonly count: number;
  readonly shape: readonly number[];
}

function fieldName({ type, shape }: IdxHeader): "image" | "label" | "value" {
  if (type !== "uint8") return "value";
  return shape.length === 2 ? "image" : shape.length === 0 ? "label" : "value";
}

async function fieldOf(path: string): Promise<Schema> {
  const reader = new InputReader(path);
  try {
    const header = await readHeader(reader);
    const name = fieldName(header);
    if (name === "label") return { label: labelField() };
    return name === "image"
      ? { image: imageField([...header.shape, 1]) }
      : { value: fields[header.type](header.shape) };
  } finally {
    await reader.close();
  }
}

async function readHeader(reader: InputReader): Promise<IdxHeader> {
  const magic = await reader.read(4);
  const type = TYPES.get(magic[2] ?? 0);
  const dimensions = magic[3] ?? 0;
  if (magic[0] !== 0 || magic[1] !== 0 || type === undefined || dimensions === 0 || dimensions > 8) {
    const found = Buffer.from(magic).toString("hex");
    throw new HexzError("E_INPUT", `${reader.path} is no IDX file: it begins with ${found}`, {
      context: { path: reader.path, found },
    });
  }
  const bytes = await reader.read(4 * dimensions);
  const sizes = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [count = 0, ...shape] = Array.from({ length: dimensions }, (_, i) => sizes.getUint32(4 * i));
  if (shape.includes(0))
    throw new HexzError("E_INPUT", `${reader.path} holds empty values of shape ${shape.join("×")}`, {
      context: { path: reader.path },
    });
  return { type, count, shape };
}

async function* readArray(path: string): AsyncGenerator<RecordInput<Schema>> {
  const reader = new InputReader(path);
  try {
    const header = await readHeader(reader);
    const name = fieldName(header);
    for (let i = 0; i < header.count; i++) yield { [name]: await readValue(reader, header, name) };
    await reader.end();
  } finally {
    await reader.close();
  }
}

async function readValue(reader: InputReader, { type, shape }: IdxHeader, name: string): Promise<unknown> {
  const itemBytes = SCALAR_BYTES[type];
  const items = shape.reduce((product, extent) => product * extent, 1);
  const bytes = await reader.read(items * itemBytes);
  if (name === "label") return bytes[0];
  if (name === "image") return bytes;
  return numbersOf(bytes, type, shape.length === 0);
}

/** IDX numbers are big-endian. */
function numbersOf(bytes: Uint8Array, type: ScalarType, isScalar: boolean): number | readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const itemBytes = SCALAR_BYTES[type];
  const at = (i: number) => {
    if (type === "int8") return view.getInt8(i);
    if (type === "int16") return view.getInt16(2 * i);
    if (type === "int32") return view.getInt32(4 * i);
    if (type === "float32") return view.getFloat32(4 * i);
    return type === "float64" ? view.getFloat64(8 * i) : view.getUint8(i);
  };
  return isScalar ? at(0) : Array.from({ length: bytes.length / itemBytes }, (_, i) => at(i));
}

async function* readPairs(images: string, labels: string): AsyncGenerator<RecordInput<Schema>> {
  await assertSameCount(images, labels);
  const others = readArray(labels);
  try {
    for await (const image of readArray(images)) yield { ...image, ...(await others.next()).value };
    await others.next(); // reads to the end, which checks the length
  } finally {
    await others.return(undefined);
  }
}

async function assertSameCount(images: string, labels: string): Promise<void> {
  const [first, second] = await Promise.all([countOf(images), countOf(labels)]);
  if (first === second) return;
  throw new HexzError(
    "E_INPUT",
    `${images} holds ${first} records and ${labels} holds ${second}: they do not belong together`,
    {
      context: { images, labels, expected: first, actual: second },
    },
  );
}

async function countOf(path: string): Promise<number> {
  const reader = new InputReader(path);
  try {
    return (await readHeader(reader)).count;
  } finally {
    await reader.close();
  }
}

/** Exact reads from the chunks of a file. */
class InputReader {
  readonly path: string;
  readonly #chunks: AsyncGenerator<Uint8Array, void, undefined>;
  #chunk: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(path: string) {
    this.path = path;
    this.#chunks = readInput(path);
  }

  /** The next `length` bytes; a view where they lie in one chunk. */
  async read(length: number): Promise<Uint8Array> {
    if (this.#chunk.length < length) await this.#gather(length);
    const bytes = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    this.#position += length;
    return bytes;
  }

  async #gather(length: number): Promise<void> {
    const parts: Uint8Array[] = [this.#chunk];
    let have = this.#chunk.length;
    while (have < length) {
      const { value, done } = await this.#chunks.next();
      if (done === true)
        throw this.#error(`ends at byte ${this.#position + have}, ${this.#position + length} are needed`);
      parts.push(value);
      have += value.length;
    }
    this.#chunk = Buffer.concat(parts);
  }

  /** Refuses bytes after the last value. */
  async end(): Promise<void> {
    const { done } = await this.#chunks.next();
    if (this.#chunk.length > 0 || done !== true)
      throw this.#error(`goes on after its last value at byte ${this.#position}`);
  }

  #error(what: string): HexzError {
    return new HexzError("E_INPUT", `${this.path} ${what}; copy it again`, {
      context: { path: this.path, offset: this.#position },
    });
  }

  async close(): Promise<void> {
    await this.#chunks.return();
  }
}
