import { describe, expect, test } from "vitest";
import { formatBytes, parseByteSize } from "../../src/util/byte-size.js";
import {
  assertBoolean,
  assertInteger,
  assertKnownKeys,
  assertOneOf,
  assertString,
  show,
} from "../../src/util/options.js";

describe("option checks name the option and the value", () => {
  test("integers", () => {
    assertInteger("options.batchSize", 1, 1);
    expect(() => assertInteger("options.batchSize", 0, 1)).toThrow(
      new RangeError("options.batchSize must be an integer >= 1, got 0"),
    );
    expect(() => assertInteger("options.level", 1.5, 1, 19)).toThrow(
      new RangeError("options.level must be an integer from 1 to 19, got 1.5"),
    );
    expect(() => assertInteger("options.level", "3", 1, 19)).toThrow(
      new TypeError('options.level must be an integer from 1 to 19, got "3"'),
    );
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => assertInteger("n", value, 0)).toThrow(RangeError);
    }
  });

  test("booleans, strings, choices", () => {
    assertBoolean("options.dropLast", false);
    assertString("options.name", "");
    assertOneOf("options.codec", "lz4", ["lz4", "zstd"]);
    expect(() => assertBoolean("options.dropLast", 1)).toThrow("options.dropLast must be true or false, got 1");
    expect(() => assertString("options.name", null)).toThrow("options.name must be a string, got null");
    expect(() => assertOneOf("options.codec", "gzip", ["lz4", "zstd"])).toThrow(
      'options.codec must be one of "lz4", "zstd", got "gzip"',
    );
  });

  test("unknown keys", () => {
    assertKnownKeys("options", { a: 1 }, ["a", "b"]);
    assertKnownKeys("options", Object.create(null), []);
    expect(() => assertKnownKeys("options", { bacthSize: 1 }, ["batchSize"])).toThrow(
      new TypeError("options.bacthSize is not an option; the options are batchSize"),
    );
    for (const value of [null, undefined, 3, [], "x"]) {
      expect(() => assertKnownKeys("options", value, [])).toThrow(TypeError);
    }
  });

  test("values are shown short", () => {
    expect(show("x".repeat(100))).toHaveLength(66);
    expect([show(3n), show([1]), show(new Map()), show(() => 1), show(undefined), show(Symbol("s"))]).toEqual([
      "3n",
      "an array of length 1",
      "a Map",
      "a function",
      "undefined",
      "Symbol(s)",
    ]);
  });
});

describe("byte sizes", () => {
  test.each([
    [0, 0],
    [1000, 1000],
    ["12", 12],
    ["12 B", 12],
    ["2 GB", 2e9],
    ["2gb", 2e9],
    ["512MiB", 512 * 2 ** 20],
    [" 1.5 KiB ", 1536],
    ["1 kB", 1000],
    ["1 TiB", 2 ** 40],
  ])("%j is %d bytes", (given, bytes) => {
    expect(parseByteSize(given, "options.cache")).toBe(bytes);
  });

  test.each(["", "GB", "2 G", "-1", "1e3", "1,5 MB", "2 GB extra", "9999999 TB", Number.NaN, -1, 0.5])(
    "%j is refused by name",
    (given) => {
      expect(() => parseByteSize(given, "options.cache")).toThrow(RangeError);
      expect(() => parseByteSize(given, "options.cache")).toThrow("options.cache");
    },
  );

  test("other types are a TypeError", () => {
    expect(() => parseByteSize(null as unknown as string, "options.cache")).toThrow(TypeError);
  });

  test.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [2.5e9, "2.5 GB"],
    [7e15, "7000.0 TB"],
  ])("%d bytes are shown as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
