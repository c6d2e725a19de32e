import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxEncodedBytes } from "../../../src/core/block-decoder.js";
import { splitColumns } from "../../../src/core/format/columns.js";
import { restoreRowsAt } from "../../../src/core/format/restore-rows.js";
import { createRowLayout, type RowLayout, type VariableColumnLayout } from "../../../src/core/format/row-layout.js";
import type { SchemaSpec } from "../../../src/core/format/schema.js";
import { isHexzError } from "../../../src/errors.js";
import type { Workbench } from "../../../src/kernels/index.js";
import {
  createPlainKernels,
  createSharedMemory,
  createWasmKernels,
  RESERVED_BYTES,
} from "../../../src/kernels/index.js";
import { rawBlocks } from "./raw-blocks.js";

const memory = createSharedMemory(2 ** 20);
memory.grow(memory.maximumBytes);
const BENCHES: readonly (readonly [string, Workbench])[] = [
  ["wasm", { memory, kernels: createWasmKernels(memory) }],
  ["plain", { memory, kernels: createPlainKernels(memory) }],
];
const FILL = 0xaa;
const GUARD_BYTES = 64;

/** Restores into a target between guards; `undefined` where that was refused. Fails where anything but target and scratch changed. */
function restore(
  bench: Workbench,
  encoded: Uint8Array,
  count: number,
  layout: RowLayout,
  rawBytes: number,
): Uint8Array | undefined {
  const room = maxEncodedBytes(Math.max(rawBytes, encoded.length), layout) + GUARD_BYTES;
  const [from, to, scratch] = [RESERVED_BYTES, RESERVED_BYTES + room, RESERVED_BYTES + 2 * room] as const;
  const bytes = new Uint8Array(bench.memory.buffer, 0, scratch + room);
  bytes.fill(FILL, RESERVED_BYTES);
  bytes.set(encoded, from);
  let isRefused = false;
  try {
    restoreRowsAt(bench, { at: from, length: encoded.length }, count, layout, { at: to, length: rawBytes }, scratch);
  } catch (error) {
    if (!isHexzError(error, "E_BLOCK_CORRUPT")) throw error;
    isRefused = true;
  }
  expect(Buffer.compare(bytes.subarray(from, from + encoded.length), encoded)).toBe(0);
  const guards = [bytes.subarray(from + encoded.length, to), bytes.subarray(to + rawBytes, scratch)];
  expect(guards.every((guard) => guard.every((byte) => byte === FILL))).toBe(true);
  expect(bytes.subarray(-GUARD_BYTES).every((byte) => byte === FILL)).toBe(true);
  return isRefused ? undefined : bytes.slice(to, to + rawBytes);
}

/** Whether every value of a variable field lies behind the rows, within the block, in whole items. */
function hasSoundSlots(raw: Uint8Array, count: number, layout: RowLayout): boolean {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const variable = layout.columns.filter((column): column is VariableColumnLayout => column.kind === "variable");
  return variable.every(({ offset, itemBytes }) =>
    Array.from({ length: count }, (_, row) => row * layout.strideBytes + offset).every((slot) => {
      const start = view.getUint32(slot, true);
      const length = view.getUint32(slot + 4, true);
      return start >= count * layout.strideBytes && start + length <= raw.length && length % itemBytes === 0;
    }),
  );
}

describe.each(BENCHES)("columns by the %s kernels", (_, bench) => {
  it("restore to exactly the rows they were split from", () => {
    fc.assert(
      fc.property(rawBlocks, ({ layout, count, raw, filters }) => {
        const encoded = splitColumns(raw, count, layout, filters);
        const restored = restore(bench, encoded, count, layout, raw.length);
        expect(restored).toEqual(raw);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it("are refused where their lengths do not add up, and nothing is written outside the target", () => {
    fc.assert(
      fc.property(rawBlocks, fc.nat(), fc.nat(255), ({ layout, count, raw, filters }, at, value) => {
        const encoded = splitColumns(raw, count, layout, filters);
        const damaged = encoded.slice();
        if (damaged.length > 0) damaged[at % damaged.length] = value;
        const restored = restore(bench, damaged, count, layout, raw.length);
        if (restored !== undefined) expect(hasSoundSlots(restored, count, layout)).toBe(true);
        if (at % (encoded.length + 1) < encoded.length) {
          const cut = encoded.subarray(0, at % (encoded.length + 1));
          expect(restore(bench, cut, count, layout, raw.length)).toBeUndefined();
        }
        const longer = Uint8Array.from([...encoded, 0]);
        expect(restore(bench, longer, count, layout, raw.length)).toBeUndefined();
        expect(restore(bench, encoded, count, layout, raw.length + 16)).toBeUndefined();
        if (raw.length > 0) expect(restore(bench, encoded, count, layout, raw.length - 1)).toBeUndefined();
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  it.each([0, 1])("with lengths of values that lie are refused, filter %d", (filter) => {
    const layout = createRowLayout({ x: { type: "list", item: "int32", nullable: false } } satisfies SchemaSpec);
    const raw = listsOf([8, 4, 0]);
    const encoded = splitColumns(raw, 3, layout, [filter, 0]);
    expect(restore(bench, encoded, 3, layout, raw.length)).toEqual(raw);
    const lies = [0, 4, 12, 16, 2 ** 31, 2 ** 32 - 4, 2 ** 32 - 8, 6, 9, 2 ** 32 - 1];
    for (const row of [0, 1, 2]) {
      for (const lie of lies) {
        const lengths = [8, 4, 0].map((length, i) => (i === row ? lie : length));
        if (lengths.join() === "8,4,0") continue;
        const hostile = encoded.slice();
        hostile.set(streamOf(lengths, filter), 16);
        expect(restore(bench, hostile, 3, layout, raw.length), `${lengths}`).toBeUndefined();
      }
    }
    // The same sum, and so the same bytes: other whole items, or none.
    const swapped = encoded.slice();
    swapped.set(streamOf([4, 8, 0], filter), 16);
    const restored = restore(bench, swapped, 3, layout, raw.length) ?? new Uint8Array(0);
    expect(hasSoundSlots(restored, 3, layout)).toBe(true);
    swapped.set(streamOf([2, 10, 0], filter), 16);
    expect(restore(bench, swapped, 3, layout, raw.length)).toBeUndefined();
  });

  it("with an unknown filter, set padding or spare validity bits are refused", () => {
    const layout = createRowLayout({ x: { type: "int16", shape: [], nullable: true } } satisfies SchemaSpec);
    const raw = Uint8Array.of(1, 0, 1, 0, 2, 0, 1, 0);
    const encoded = splitColumns(raw, 2, layout, [0]);
    expect(restore(bench, encoded, 2, layout, raw.length)).toEqual(raw);
    for (const [at, value] of [
      [0, 2],
      [0, 255],
      [1, 1],
      [15, 1],
      [16, 0b111],
    ] as const) {
      const damaged = encoded.slice();
      damaged[at] = value;
      expect(restore(bench, damaged, 2, layout, raw.length), `byte ${at}`).toBeUndefined();
    }
  });
});

/** The raw bytes of lists of int32 with so many bytes each. */
function listsOf(lengths: readonly number[]): Uint8Array {
  const rowsEnd = Math.ceil((lengths.length * 8) / 16) * 16;
  const sum = lengths.reduce((total, length) => total + length, 0);
  const raw = new Uint8Array(rowsEnd + Math.ceil(sum / 16) * 16);
  const view = new DataView(raw.buffer);
  let end = rowsEnd;
  for (const [row, length] of lengths.entries()) {
    view.setUint32(row * 8, end, true);
    view.setUint32(row * 8 + 4, length, true);
    end += length;
  }
  for (let at = rowsEnd; at < end; at++) raw[at] = at;
  return raw;
}

/** Lengths as their stream is stored: byte-shuffled by the definition where `filter` is 1. */
function streamOf(lengths: readonly number[], filter: number): Uint8Array {
  const bytes = new Uint8Array(Uint32Array.from(lengths).buffer);
  const count = lengths.length;
  return filter === 0 ? bytes : bytes.map((_, at) => bytes[(at % count) * 4 + Math.floor(at / count)] ?? 0);
}

describe("createRowLayout", () => {
  it("aligns fields, puts the mask last and rounds the stride as FORMAT.md 6.2 says", () => {
    const layout = createRowLayout({
      label: { type: "uint8", shape: [], nullable: true },
      weight: { type: "float64", shape: [], nullable: false },
      text: { type: "utf8", nullable: true },
      image: { type: "uint8", shape: [4, 5], nullable: false },
    });
    expect(layout.columns.map(({ name, offset, nullBit }) => [name, offset, nullBit])).toEqual([
      ["label", 0, 0],
      ["weight", 8, -1],
      ["text", 16, 1],
      ["image", 24, -1],
    ]);
    expect(layout).toMatchObject({ maskOffset: 44, maskBytes: 1, strideBytes: 48, hasHeaps: true, isPlain: false });
    expect(layout.streamItemBytes).toEqual([1, 8, 4, 1, 1]);
    expect(structuredClone(layout)).toEqual(layout);
  });

  it("keeps a single unpadded fixed field as it is", () => {
    expect(createRowLayout({ id: { type: "int32", shape: [], nullable: false } })).toMatchObject({
      strideBytes: 4,
      isPlain: true,
    });
    expect(createRowLayout({ image: { type: "uint8", shape: [28, 28, 1], nullable: false } })).toMatchObject({
      strideBytes: 784,
      isPlain: true,
    });
    expect(createRowLayout({ rgb: { type: "uint8", shape: [35], nullable: false } })).toMatchObject({
      strideBytes: 40,
      isPlain: false,
    });
  });
});
