import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  emptyHeader,
  HEADER_BYTES,
  type HeaderFields,
  parseHeader,
  serializeHeader,
} from "../../../src/core/format/header.js";
import { isHexzError } from "../../../src/errors.js";

const u64 = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

/** Any value of every field: sizes that contradict each other are another check's business. */
const anyHeader = fc.tuple(fc.infiniteStream(fc.nat(255)), u64).map(([bytes, big]): HeaderFields => {
  const entries = Object.entries(emptyHeader()).map(([name, value]) => {
    const byte = bytes.next().value ?? 0;
    return [
      name,
      value instanceof Uint8Array ? value.map((_, i) => (byte * (i + 1)) % 256) : name === "rawBytes" ? big : byte,
    ];
  });
  return Object.fromEntries(entries) as HeaderFields;
});

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return isHexzError(error) ? error.code : String(error);
  }
  return "no error";
}

describe("header", () => {
  it("is 512 bytes, and parse gives back what serialize wrote", () => {
    fc.assert(
      fc.property(anyHeader, (fields) => {
        const bytes = serializeHeader(fields);
        expect(bytes).toHaveLength(HEADER_BYTES);
        expect(parseHeader(bytes, "x")).toMatchObject(fields);
      }),
      { seed: 11 },
    );
  });

  it("refuses every flipped bit and every truncation", () => {
    const bytes = serializeHeader({ ...emptyHeader(), kind: 2, checksum: 2, cut: 1 });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => parseHeader(damaged, "x"))).toMatch(/^E_(NOT_SNAPSHOT|VERSION|FEATURE|CORRUPT)$/);
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => parseHeader(bytes.subarray(0, length), "x"))).toMatch(/^E_(NOT_SNAPSHOT|TRUNCATED)$/);
    }
  });

  it("names the version and the features it cannot read", () => {
    const newer = serializeHeader(emptyHeader());
    newer[8] = 2;
    expect(() => parseHeader(newer, "new.hxz")).toThrow(/new\.hxz has version 2 .* reads version 1/);
    const encrypted = serializeHeader(emptyHeader());
    encrypted[16] = 0b01000;
    expect(() => parseHeader(encrypted, "x")).toThrow(/needs encryption, which/);
    const unknown = serializeHeader(emptyHeader());
    unknown[23] = 0x80;
    expect(() => parseHeader(unknown, "x")).toThrow(/needs bit 63/);
  });

  it("has an id that changes with the core and not with what may be rewritten", () => {
    const id = (fields: Partial<HeaderFields>) => parseHeader(serializeHeader({ ...emptyHeader(), ...fields }), "x").id;
    expect(id({ records: 1 })).not.toEqual(id({}));
    expect(id({ fileLength: 9 })).toEqual(id({}));
  });
});
