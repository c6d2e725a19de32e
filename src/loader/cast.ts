import type { FieldSpec, FixedField, SchemaSpec } from "../core/format/schema.js";
import { isFixed } from "../core/format/schema.js";
import { assertInteger, assertKnownKeys, assertOneOf, show } from "../util/options.js";

/** Numbers as floats: `value · scale + offset`, computed in float32 on the loader's threads while a batch is gathered. */
export interface FloatCast {
  /** `float16` columns are `Uint16Array`s of IEEE half bits. */
  readonly dtype: "float32" | "float16";
  /** One number, or one per channel (the last dimension of the field). @default 1 */
  readonly scale?: number | readonly number[] | undefined;
  /** @default 0 */
  readonly offset?: number | readonly number[] | undefined;
}

/** An integer label as `oneHot` values of which one is 1. */
export interface OneHotCast {
  /** Number of classes: labels are `[0, oneHot)`. */
  readonly oneHot: number;
  /** @default "float32" */
  readonly dtype?: "float32" | "uint8" | undefined;
}

export type Cast = FloatCast | OneHotCast;

/** Scale and offset of consecutive elements, repeated: kernels take a multiple of 16. */
export interface CastTable {
  readonly scale: Float32Array;
  readonly bias: Float32Array;
}

const TABLE_STEP = 16;
/** Channels with a number of their own at most: what every batch carries of them stays small beside it. */
const MAX_CHANNELS = 4096;
const MAX_CLASSES = 2 ** 20;

/**
 * Checks the casts of a loader against the fields it loads.
 *
 * @throws TypeError, RangeError naming the option and the value.
 */
export function assertCasts(
  casts: Readonly<Record<string, Cast | undefined>>,
  schema: SchemaSpec,
  names: readonly string[],
): void {
  if (typeof casts !== "object" || casts === null || Array.isArray(casts))
    throw new TypeError(`options.cast must be an object, got ${show(casts)}`);
  for (const [name, cast] of Object.entries(casts)) {
    if (cast === undefined) continue;
    const option = `options.cast.${name}`;
    if (typeof cast !== "object" || cast === null)
      throw new TypeError(`${option} must be an object, got ${show(cast)}`);
    const spec = names.includes(name) ? schema[name] : undefined;
    if (spec === undefined) throw new TypeError(`${option} must name a field that is loaded (${names.join(", ")})`);
    if (!isFixed(spec)) throw new TypeError(`${option} is for fields of numbers, but the field is ${spec.type}`);
    if ("oneHot" in cast) assertOneHot(option, cast, spec);
    else assertFloat(option, cast, spec);
  }
}

function assertOneHot(option: string, cast: OneHotCast, spec: FixedField): void {
  assertKnownKeys(option, cast, ["oneHot", "dtype"]);
  assertInteger(`${option}.oneHot`, cast.oneHot, 1, MAX_CLASSES);
  assertOneOf(`${option}.dtype`, cast.dtype ?? "float32", ["float32", "uint8"]);
  if (spec.shape.length > 0 || spec.type.startsWith("float"))
    throw new TypeError(
      `${option}.oneHot needs an integer or bool per record, the field is ${spec.type}[${spec.shape}]`,
    );
}

function assertFloat(option: string, cast: FloatCast, spec: FixedField): void {
  assertKnownKeys(option, cast, ["dtype", "scale", "offset"]);
  assertOneOf(`${option}.dtype`, cast.dtype, ["float32", "float16"]);
  const channels = spec.shape.at(-1) ?? 1;
  for (const key of ["scale", "offset"] as const) {
    const value = cast[key];
    if (value === undefined) continue;
    const values: readonly number[] = typeof value === "number" ? [value] : value;
    if (!Array.isArray(values) || values.some((number) => !isFloat32(number)))
      throw new TypeError(
        `${option}.${key} must be a number that float32 can hold or a list of them, got ${show(value)}`,
      );
    if (typeof value === "number") continue;
    if (values.length !== channels || channels > MAX_CHANNELS)
      throw new RangeError(
        `${option}.${key} must have one number per channel (${channels}, at most ${MAX_CHANNELS}), got ${values.length}`,
      );
  }
}

function isFloat32(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(Math.fround(value));
}

/** The description of a column after its cast. */
export function castSpec(spec: FieldSpec, cast: Cast | undefined): FieldSpec {
  if (cast === undefined || !isFixed(spec)) return spec;
  if ("oneHot" in cast) return { type: cast.dtype ?? "float32", shape: [cast.oneHot], nullable: spec.nullable };
  return { type: cast.dtype, shape: spec.shape, nullable: spec.nullable };
}

/** The tables of a cast: as long as channels and the step of the kernels both divide. */
export function castTable({ scale = 1, offset = 0 }: FloatCast, spec: FixedField): CastTable {
  const channels = typeof scale === "number" && typeof offset === "number" ? 1 : (spec.shape.at(-1) ?? 1);
  const period = (channels * TABLE_STEP) / gcd(channels, TABLE_STEP);
  const entry = (value: number | readonly number[], i: number) =>
    typeof value === "number" ? value : (value[i % channels] ?? 0); // a list has `channels` numbers
  return {
    scale: Float32Array.from({ length: period }, (_, i) => entry(scale, i)),
    bias: Float32Array.from({ length: period }, (_, i) => entry(offset, i)),
  };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
