import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadCodecs } from "../../../src/core/codec/index.js";
import type { BlockEntry } from "../../../src/core/format/block-page.js";
import { blockPageBytes, entryAt, parseBlockPage, serializeBlockPage } from "../../../src/core/format/block-page.js";
import { constantCount, parseCounts, serializeCounts } from "../../../src/core/format/counts.js";
import { isFieldName, parseMetadata, serializeMetadata } from "../../../src/core/format/metadata.js";
import { packPage, unpackPage } from "../../../src/core/format/page.js";
import { type PageRow, pageAt, parsePageTable, serializePageTable } from "../../../src/core/format/page-table.js";
import { HexzError } from "../../../src/errors.js";

beforeAll(loadCodecs);

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const u64 = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const entry: fc.Arbitrary<Omit<BlockEntry, "block">> = fc.record({
  source: fc.nat(2 ** 16 - 1),
  offset: u64,
  storedLength: u32,
  encodedLength: u32,
  rawLength: u32,
  count: u32,
  checksumLow: u32,
  checksumHigh: u32,
  codec: fc.nat(255),
  layout: fc.nat(255),
});

describe("block page", () => {
  it("gives back its entries, numbered from its first block", () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 9 }), (entries) => {
        const bytes = serializeBlockPage(entries);
        expect(bytes).toHaveLength(blockPageBytes(entries.length));
        const page = parseBlockPage(bytes, 2048, entries.length);
        expect(entries.map((_, i) => entryAt(page, i))).toEqual(
          entries.map((fields, i) => ({ ...fields, block: 2048 + i })),
        );
      }),
      { seed: 1 },
    );
  });

  it("refuses another length, and padding that is not zero", () => {
    const [one] = fc.sample(entry, { seed: 2, numRuns: 1 });
    const bytes = serializeBlockPage(one === undefined ? [] : [one]);
    expect(() => parseBlockPage(bytes.subarray(1), 0, 1)).toThrow(HexzError);
    bytes[4 * 4 - 1] = 1; // the offset of the fourth, padding, entry
    expect(() => parseBlockPage(bytes, 0, 1)).toThrow(/padding .* is not zero/);
  });
});

describe("page table", () => {
  const row: fc.Arbitrary<PageRow> = fc.record({
    offset: u64,
    storedLength: u32,
    rawLength: u32,
    first: u64,
    firstByte: u64,
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  });

  it("gives back its rows", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
        expect(parsePageTable(serializePageTable(rows), "x")).toEqual(rows);
      }),
      { seed: 3 },
    );
  });

  it("finds the page of a position as a search from the start would", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 }),
        fc.nat(2000),
        (lengths, position) => {
          let start = 0;
          const rows = lengths.map((length) => {
            start += length;
            return {
              offset: 0,
              storedLength: 0,
              rawLength: 0,
              first: start - length,
              firstByte: 0,
              hash: new Uint8Array(32),
            };
          });
          const expected = Math.max(
            0,
            rows.findLastIndex(({ first }) => first <= position),
          );
          expect(pageAt(rows, rows.length, "first", position)).toBe(expected);
        },
      ),
      { seed: 4 },
    );
  });
});

describe("page", () => {
  it("is compressed where that helps, and comes back", () => {
    const flat = new Uint8Array(5000);
    expect(packPage(flat).length).toBeLessThan(200);
    expect(Buffer.compare(unpackPage(packPage(flat), flat.length, "x"), flat)).toBe(0);
    const noise = Uint8Array.from({ length: 64 }, (_, i) => (i * 181 + 7) % 256);
    expect(packPage(noise)).toBe(noise);
    expect(unpackPage(noise, noise.length, "x")).toEqual(noise);
  });

  it("refuses to decode to another length", () => {
    expect(() => unpackPage(packPage(new Uint8Array(5000)), 4999, "page 1")).toThrow(
      /page 1 does not decode to its 4999 bytes/,
    );
  });
});

describe("counts", () => {
  it("take two bytes each where they can, and come back", () => {
    for (const counts of [[1], [3, 0, 65535], [3, 65536]]) {
      const bytes = serializeCounts(counts);
      expect(bytes.length).toBe(counts.length * (Math.max(...counts) < 65536 ? 2 : 4));
      const total = counts.reduce((sum, count) => sum + count, 0);
      expect(parseCounts(bytes, counts.length, total)).toMatchObject({ units: counts.length, total });
      expect(() => parseCounts(bytes, counts.length, total + 1)).toThrow(/sum to/);
      expect(() => parseCounts(bytes.subarray(1), counts.length, total)).toThrow(HexzError);
    }
  });

  it("are constant where all blocks but the last agree and the last has no more", () => {
    expect(constantCount([5, 5, 2])).toBe(5);
    expect(constantCount([5])).toBe(5);
    expect(constantCount([5, 5, 6])).toBe(0);
    expect(constantCount([5, 4, 5])).toBe(0);
  });
});

describe("metadata", () => {
  const parse = (json: string) => parseMetadata(new TextEncoder().encode(json), "x");

  it("gives back schema, statistics and the caller's JSON", () => {
    const metadata = {
      fields: {
        image: { type: "uint8", shape: [28, 28, 1], nullable: false },
        ids: { type: "list", item: "int64", nullable: true },
        ["__proto__"]: { type: "json", nullable: false },
      } as const,
      statistics: { image: { count: 2, nulls: 0, mean: 0.5 } },
      user: { licence: "MIT", nested: [1, null, { ["__proto__"]: true }] },
    };
    expect(parseMetadata(serializeMetadata(metadata), "x")).toEqual(metadata);
    expect(parseMetadata(serializeMetadata({}), "x")).toEqual({});
  });

  it("refuses what is not a schema", () => {
    const bad = [
      "",
      "[]",
      "null",
      '{"other":1}',
      '{"fields":[]}',
      '{"fields":[{"name":"a"}]}',
      '{"fields":[{"name":"a","type":"int128"}]}',
      '{"fields":[{"name":"","type":"utf8"}]}',
      '{"fields":[{"name":"a","type":"utf8","shape":[1]}]}',
      '{"fields":[{"name":"a","type":"int8","item":"int8"}]}',
      '{"fields":[{"name":"a","type":"list","item":"utf8"}]}',
      '{"fields":[{"name":"a","type":"int8","shape":[0]}]}',
      '{"fields":[{"name":"a","type":"int8","shape":[1.5]}]}',
      '{"fields":[{"name":"a","type":"int8","shape":[99999,99999]}]}',
      '{"fields":[{"name":"a","type":"int8","nullable":1}]}',
      '{"fields":[{"name":"a","type":"int8"},{"name":"a","type":"int8"}]}',
      `{"user":${"[".repeat(70)}${"]".repeat(70)}}`,
    ];
    for (const json of bad) expect(() => parse(json), json).toThrow(HexzError);
  });

  it("knows a field name", () => {
    expect(isFieldName("größe 😀")).toBe(true);
    expect(["", "a\u0000b", "x".repeat(257), "😀".repeat(65)].some(isFieldName)).toBe(false);
  });
});
