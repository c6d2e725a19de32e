import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { blockRoom, decodeBlock, decodeBlockAt, maxEncodedBytes, scratchBytes } from "../../src/core/block-decoder.js";
import type { BlockRecipe, EncodeRecipe } from "../../src/core/blocks.js";
import { encodeBlock } from "../../src/core/blocks.js";
import type { ChecksumId } from "../../src/core/codec/index.js";
import { checksumOf, codecByName, loadChecksums, loadCodecs } from "../../src/core/codec/index.js";
import type { BlockEntry } from "../../src/core/format/block-page.js";
import { createRowLayout, type RowLayout } from "../../src/core/format/row-layout.js";
import { isHexzError } from "../../src/errors.js";
import { createPlainKernels, createSharedMemory, createWasmKernels, RESERVED_BYTES } from "../../src/kernels/index.js";
import { rawBlocks } from "./format/raw-blocks.js";

beforeAll(() => Promise.all([loadCodecs(), loadChecksums()]));

const codec = fc.constantFrom("stored" as const, "lz4" as const, "zstd" as const);
const checksum = fc.constantFrom<ChecksumId>(1, 2);

interface Block {
  readonly raw: Uint8Array;
  readonly stored: Uint8Array;
  readonly entry: BlockEntry;
  readonly recipe: BlockRecipe;
}

function blockOf(raw: Uint8Array, count: number, encode: Omit<EncodeRecipe, "level" | "verify">): Block {
  const { stored, entry } = encodeBlock(raw, count, { ...encode, level: 1, verify: true });
  const recipe = {
    name: "test.hxz",
    codec: codecByName(encode.codec).id,
    checksum: encode.checksum,
    rows: encode.rows,
  };
  return { raw, stored: Uint8Array.from(stored), entry: { ...entry, block: 3, offset: 512, source: 0 }, recipe };
}

const blocks = fc.record({ block: rawBlocks, codec, checksum }).map(({ block, ...encode }) => {
  return blockOf(block.raw, block.count, { ...encode, rows: block.layout, filters: block.filters });
});

/** Raw bytes without rows, which compress. */
function bytesBlock(length: number, name: EncodeRecipe["codec"] = "lz4"): Block {
  const raw = Uint8Array.from({ length }, (_, i) => (i % 97 < 40 ? 7 : (i * i) >> 3));
  return blockOf(raw, 0, { codec: name, checksum: 2, rows: undefined, filters: [] });
}

/** The entry with the right checksum of other stored bytes. */
function signed(entry: BlockEntry, stored: Uint8Array, recipe: BlockRecipe): BlockEntry {
  const { low, high } = checksumOf(recipe.checksum, stored);
  return { ...entry, storedLength: stored.length, checksumLow: low, checksumHigh: high };
}

function decoded({ stored, entry, recipe }: Block): Uint8Array {
  const target = new Uint8Array(entry.rawLength);
  decodeBlock(stored, entry, recipe, target);
  return target;
}

/** The code of the error, or `undefined` where the block decodes. */
function codeOf(block: Block): string | undefined {
  try {
    decoded(block);
    return undefined;
  } catch (error) {
    if (isHexzError(error)) return error.code;
    throw error;
  }
}

describe("decodeBlock", () => {
  it("gives back the raw bytes for any schema, codec and checksum, into shared memory too", () => {
    fc.assert(
      fc.property(blocks, (block) => {
        expect(decoded(block)).toEqual(block.raw);
        const target = new Uint8Array(new SharedArrayBuffer(block.raw.length + 5), 5);
        decodeBlock(block.stored, block.entry, block.recipe, target);
        expect(Buffer.compare(target, block.raw)).toBe(0);
      }),
      { seed: 9, numRuns: 200 },
    );
  });

  it("refuses every flipped bit by the checksum, and says which block of which file", () => {
    for (const name of ["stored", "lz4", "zstd"] as const) {
      const block = bytesBlock(300, name);
      for (let bit = 0; bit < block.stored.length * 8; bit++) {
        const stored = block.stored.slice();
        stored[bit >> 3] = (stored[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(codeOf({ ...block, stored })).toBe("E_BLOCK_CORRUPT");
      }
    }
    const block = bytesBlock(300);
    const stored = block.stored.map((byte) => ~byte);
    expect(() => decoded({ ...block, stored })).toThrow(
      "block 3 of test.hxz at offset 512 is damaged (does not match its checksum); restore the file from a good copy",
    );
    expect(() => decoded({ ...block, stored })).toThrow(
      expect.objectContaining({ context: { source: "test.hxz", block: 3, offset: 512, storedLength: stored.length } }),
    );
  });

  it("gives an error or the right number of bytes for any stored bytes with a right checksum", () => {
    fc.assert(
      fc.property(blocks, fc.nat(), fc.nat(255), (block, at, value) => {
        const stored = block.stored.slice();
        if (stored.length > 0) stored[at % stored.length] = value;
        const entry = signed(block.entry, stored, block.recipe);
        expect([undefined, "E_BLOCK_CORRUPT"]).toContain(codeOf({ ...block, stored, entry }));
        const cut = stored.subarray(0, at % (stored.length + 1));
        const short = { ...block, stored: cut, entry: signed(block.entry, cut, block.recipe) };
        expect([undefined, "E_BLOCK_CORRUPT"]).toContain(codeOf(short));
      }),
      { seed: 10, numRuns: 200 },
    );
  });

  it("gives a typed error or the raw bytes where the entry lies", () => {
    const length = fc.oneof(fc.nat(5000), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    const lie = fc.oneof(
      fc.record({ encodedLength: length }),
      fc.record({ rawLength: fc.nat(5000) }),
      fc.record({ count: length }),
      fc.record({ count: fc.nat(40), rawLength: fc.nat(5000) }),
      fc.record({ codec: fc.nat(4) }),
      fc.record({ layout: fc.nat(3) }),
    );
    const codes = new Set<string | undefined>();
    fc.assert(
      fc.property(blocks, lie, (block, lies) => {
        const entry = { ...block.entry, ...lies };
        const code = codeOf({ ...block, entry });
        codes.add(code);
        if (code === undefined) expect(decoded({ ...block, entry })).toEqual(block.raw);
      }),
      { seed: 11, numRuns: 500 },
    );
    expect([...codes].sort()).toEqual(["E_BLOCK_CORRUPT", "E_CODEC", "E_LIMIT", undefined]);
  });

  it("refuses an unknown codec by its number and an unknown layout", () => {
    const block = bytesBlock(300);
    expect(() => decoded({ ...block, entry: { ...block.entry, codec: 7 } })).toThrow(
      /^block 3 of test\.hxz at offset 512 cannot be decoded \(unknown codec 7; .*use a newer version/,
    );
    expect(() => decoded({ ...block, entry: { ...block.entry, layout: 2 } })).toThrow(/unknown layout 2/);
    expect(codeOf({ ...block, entry: { ...block.entry, layout: 1 } })).toBe("E_BLOCK_CORRUPT");
  });

  it("refuses rows stored as they are where the schema has others", () => {
    const rows = createRowLayout({ id: { type: "int32", shape: [], nullable: true } });
    const block = bytesBlock(80);
    const recipe = { ...block.recipe, rows };
    expect(() => decoded({ ...block, recipe, entry: { ...block.entry, count: 10 } })).toThrow(/schema does not allow/);
  });

  it.each([2 ** 26 + 1, 2 ** 32 - 1, 2 ** 40, -1, 0.5, Number.NaN])("refuses blocks of %d bytes", (length) => {
    const { entry, recipe } = bytesBlock(300);
    for (const name of ["storedLength", "encodedLength", "rawLength"] as const) {
      expect(() => blockRoom({ ...entry, [name]: length }, recipe)).toThrow(
        expect.objectContaining({ code: "E_LIMIT" }),
      );
    }
  });

  it("names buffers of other lengths than the entry's", () => {
    const { stored, entry, recipe, raw } = bytesBlock(300);
    expect(() => decodeBlock(stored.subarray(1), entry, recipe, raw.slice())).toThrow(RangeError);
    expect(() => decodeBlock(stored, entry, recipe, raw.subarray(1))).toThrow(/and 300 bytes, got \d+ and 299/);
  });
});

describe("blockRoom", () => {
  it("decodes small and large blocks in turn", () => {
    const sizes = [1000, 9 * 2 ** 20, 0, 20 * 2 ** 20, 1, 9 * 2 ** 20];
    for (const block of sizes.map((size) => bytesBlock(size))) {
      const room = blockRoom(block.entry, block.recipe);
      room.stored.set(block.stored);
      expect(Buffer.compare(room.decode(), block.raw)).toBe(0);
    }
  });

  it("checks the stored bytes without decoding them", () => {
    const block = bytesBlock(3000);
    const stored = block.stored.map((byte) => byte ^ 1);
    const room = blockRoom(block.entry, block.recipe);
    room.stored.set(stored);
    expect(() => room.check()).toThrow(
      /^block 3 of test\.hxz at offset 512 is damaged \(does not match its checksum\)/,
    );
    const resigned = blockRoom(signed(block.entry, stored, block.recipe), block.recipe);
    resigned.stored.set(stored);
    expect(() => resigned.check()).not.toThrow();
  });
});

describe("decodeBlockAt", () => {
  const memory = createSharedMemory(2 ** 20);
  memory.grow(memory.maximumBytes);
  const benches = [createWasmKernels(memory), createPlainKernels(memory)].map((kernels) => ({ memory, kernels }));
  const guardBytes = 64;

  /** The stored bytes, the target and the scratch, each with a guard after it. */
  function placeOf({ rawLength, storedLength }: BlockEntry, rows: RowLayout | undefined) {
    const stored = RESERVED_BYTES;
    const target = stored + storedLength + guardBytes;
    const scratch = target + rawLength + guardBytes;
    return { stored, target, scratch, end: scratch + scratchBytes(rawLength, rows) };
  }

  it("gives the same with wasm and plain kernels, and changes nothing but target and scratch", () => {
    fc.assert(
      fc.property(blocks, fc.nat(), fc.nat(255), fc.boolean(), (block, at, value, isDamaged) => {
        const stored = block.stored.slice();
        if (isDamaged && stored.length > 0) stored[at % stored.length] = value;
        const entry = signed(block.entry, stored, block.recipe);
        const place = placeOf(entry, block.recipe.rows);
        const outcomes = benches.map((bench) => {
          const bytes = new Uint8Array(memory.buffer, RESERVED_BYTES, place.end + guardBytes - RESERVED_BYTES);
          bytes.fill(0xaa).set(stored);
          let code: string | undefined;
          try {
            decodeBlockAt(bench, entry, block.recipe, place);
          } catch (error) {
            code = isHexzError(error) ? error.code : String(error);
          }
          expect(Buffer.compare(new Uint8Array(memory.buffer, place.stored, stored.length), stored)).toBe(0);
          for (const guard of [place.target - guardBytes, place.scratch - guardBytes, place.end]) {
            const run = new Uint8Array(memory.buffer, guard, guardBytes);
            expect(run.every((byte) => byte === 0xaa)).toBe(true);
          }
          return code ?? new Uint8Array(memory.buffer, place.target, entry.rawLength).slice();
        });
        expect(outcomes[0]).toEqual(outcomes[1]);
        if (!isDamaged) expect(outcomes[0]).toEqual(block.raw);
        else expect(typeof outcomes[0] === "string" ? outcomes[0] : "E_BLOCK_CORRUPT").toBe("E_BLOCK_CORRUPT");
      }),
      { seed: 12, numRuns: 200 },
    );
  });

  it("has room for what the longest encoded bytes take", () => {
    fc.assert(
      fc.property(blocks, ({ entry, recipe }) => {
        expect(entry.encodedLength).toBeLessThanOrEqual(maxEncodedBytes(entry.rawLength, recipe.rows));
      }),
      { seed: 13, numRuns: 300 },
    );
  });
});
