/** Asserts that an option is an integer in `[minimum, maximum]`. `name` is how the user wrote it, e.g. `options.batchSize`. */
export function assertInteger(
  name: string,
  value: unknown,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== "number")
    throw new TypeError(`${name} must be an integer ${range(minimum, maximum)}, got ${show(value)}`);
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return;
  throw new RangeError(`${name} must be an integer ${range(minimum, maximum)}, got ${value}`);
}

export function assertBoolean(name: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") throw new TypeError(`${name} must be true or false, got ${show(value)}`);
}

export function assertString(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string") throw new TypeError(`${name} must be a string, got ${show(value)}`);
}

export function assertOneOf<T extends string | number>(
  name: string,
  value: unknown,
  allowed: readonly T[],
): asserts value is T {
  // `includes` wants a T, which is what it finds out.
  if (allowed.includes(value as T)) return;
  throw new RangeError(`${name} must be one of ${allowed.map((item) => show(item)).join(", ")}, got ${show(value)}`);
}

/** Asserts that `options` is an object with no key but `keys`: a misspelt option is an error, not a default. */
export function assertKnownKeys(name: string, options: unknown, keys: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${name} must be an object, got ${show(options)}`);
  }
  const unknown = Object.keys(options).find((key) => !keys.includes(key));
  if (unknown === undefined) return;
  throw new TypeError(`${name}.${unknown} is not an option; the options are ${keys.join(", ")}`);
}

/** A value as error messages show it: short, strings quoted. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 64 ? `${value.slice(0, 61)}...` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of length ${value.length}`;
  if (typeof value === "object" && value !== null) return `a ${value.constructor?.name ?? "null-prototype object"}`;
  return String(value);
}

function range(minimum: number, maximum: number): string {
  if (maximum === Number.MAX_SAFE_INTEGER)
    return minimum === Number.MIN_SAFE_INTEGER ? "within ±(2^53 - 1)" : `>= ${minimum}`;
  return `from ${minimum} to ${maximum}`;
}
