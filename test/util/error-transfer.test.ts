import { describe, expect, test } from "vitest";
import { HexzError, isHexzError } from "../../src/errors.js";
import { fromPlainError, isPlainError, toPlainError, withPlainErrors } from "../../src/util/error-transfer.js";

/** As a message between threads does it. */
function across(error: unknown): Error {
  return fromPlainError(structuredClone(toPlainError(error)));
}

describe("errors that cross threads", () => {
  test("a HexzError keeps code, context, message, stack and causes", () => {
    const root = Object.assign(new Error("no space left"), { code: "ENOSPC" });
    const middle = new RangeError("inner", { cause: root });
    const error = new HexzError("E_IO", "x failed", { context: { block: 3, source: "x" }, cause: middle });
    const again = across(error);
    expect(again).toBeInstanceOf(HexzError);
    expect(isHexzError(again, "E_IO")).toBe(true);
    expect(again).toMatchObject({ message: "x failed", context: { block: 3, source: "x" }, stack: error.stack });
    expect(again.cause).toBeInstanceOf(RangeError);
    expect(again.cause).toMatchObject({ message: "inner", cause: { message: "no space left", code: "ENOSPC" } });
  });

  test("other errors keep class or name", () => {
    expect(across(new TypeError("t"))).toBeInstanceOf(TypeError);
    expect(across(new SyntaxError("s"))).toMatchObject({ name: "SyntaxError", message: "s" });
    expect(across("just text")).toMatchObject({ name: "Error", message: "just text" });
  });

  test("a chain of causes that goes round ends", () => {
    const error = new Error("round");
    error.cause = error;
    let depth = 0;
    for (let at: unknown = across(error); at instanceof Error; at = at.cause) depth++;
    expect(depth).toBeGreaterThan(1);
    expect(depth).toBeLessThan(20);
  });

  test("a wrapped handler gives its result or throws plain data", async () => {
    const handler = withPlainErrors((task: number) => {
      if (task < 0) throw new HexzError("E_LIMIT", "negative");
      return task * 2;
    });
    expect(await handler(4)).toBe(8);
    const thrown = await handler(-1).catch((error: unknown) => error);
    expect(isPlainError(thrown)).toBe(true);
    expect(isPlainError(new Error("not plain"))).toBe(false);
    expect(thrown).toMatchObject({ name: "HexzError", code: "E_LIMIT" });
  });
});
