import { expect, test } from "vitest";
import { formatValue } from "../../src/cli/head.js";
import { recordToJson, toJsonText } from "../../src/cli/json.js";
import type { FieldSpec } from "../../src/core/format/schema.js";

const fixed = (type: "uint8" | "int64" | "float32" | "bool", shape: number[] = []): FieldSpec => ({
  type,
  shape,
  nullable: false,
});
const variable = (type: "utf8" | "binary" | "json"): FieldSpec => ({ type, nullable: true });
const list: FieldSpec = { type: "list", item: "int64", nullable: false };

test("a record as JSON: 64-bit integers as strings, binary as base64, arrays flat, nothing lost", () => {
  const schema = {
    id: fixed("int64"),
    image: fixed("uint8", [2, 2]),
    mean: fixed("float32"),
    name: variable("utf8"),
    bytes: variable("binary"),
    tags: list,
    extra: variable("json"),
    flag: fixed("bool"),
  };
  const record = {
    id: 9007199254740993n,
    image: Uint8Array.of(1, 2, 3, 4),
    mean: Number.NaN,
    name: null,
    bytes: Uint8Array.of(255, 0),
    tags: BigInt64Array.of(-1n),
    extra: { a: [1, "x"] },
    flag: true,
  };
  expect(recordToJson(record, schema)).toBe(
    '{"id":"9007199254740993","image":[1,2,3,4],"mean":"NaN","name":null,"bytes":"/wA=","tags":["-1"],"extra":{"a":[1,"x"]},"flag":true}',
  );
});

test("a field may be called __proto__", () => {
  const record = JSON.parse('{"__proto__": 7}');
  expect(recordToJson(record, JSON.parse('{"__proto__": {"type": "uint8", "shape": [], "nullable": false}}'))).toBe(
    '{"__proto__":7}',
  );
});

test("numbers that JSON does not have are named", () => {
  expect(toJsonText({ a: Number.POSITIVE_INFINITY, b: 2n ** 64n })).toBe('{"a":"Infinity","b":"18446744073709551616"}');
});

test("a value on one line", () => {
  expect(formatValue(new Uint8Array(784), fixed("uint8", [28, 28]))).toBe("0 0 0 0 0 0 0 0 …");
  expect(formatValue(Uint8Array.of(1, 2), variable("binary"))).toBe("2 bytes: 1 2");
  expect(formatValue(BigInt64Array.of(), list)).toBe("0 items:");
  expect(formatValue("a\u001b[2Jb", variable("utf8"))).toBe('"a\\u001b[2Jb"');
  expect(formatValue("x".repeat(500), variable("utf8"))).toHaveLength(72);
  expect(formatValue({ a: 1n }, variable("json"))).toBe('{"a":"1"}');
  expect(formatValue(null, variable("utf8"))).toBe("null");
  expect(formatValue(-3n, fixed("int64"))).toBe("-3");
});
