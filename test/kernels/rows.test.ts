import fc from "fast-check";
import { expect, test } from "vitest";
import type { Kernels } from "../../src/kernels/index.js";
import { type Bench, expectSame, highBench, lowBench, noise, seeds, WINDOW_BYTES, windowOf } from "./support.js";

const low = lowBench();
const high = highBench();

/** Where the output begins; what is read lies below. */
const TO = 32768;
const valueBytes = fc.oneof(fc.constantFrom(1, 2, 4, 8, 16), fc.nat(40), fc.nat(700));

/** Checks a call whose output is the `length` bytes at `to`, at both ends of the address range. */
function check(seed: number, to: number, length: number, call: (kernels: Kernels, base: number) => unknown): void {
  for (const bench of [low, high]) {
    expectSame(bench, noise(seed), [to, to + length], (kernels) => call(kernels, bench.base));
  }
}

test("copy and clear touch their run and no more", () => {
  const property = fc.property(seeds, fc.nat(TO), fc.nat(3000), fc.nat(3000), (seed, from, length, shift) => {
    check(seed, TO + shift, length, (kernels, base) => kernels.copy(base + from, length, base + TO + shift));
    check(seed, from, length, (kernels, base) => kernels.clear(base + from, length));
    // Runs that overlap are moved as a whole.
    check(seed, from + 1 + shift, length, (kernels, base) =>
      kernels.copy(base + from, length, base + from + 1 + shift),
    );
  });
  fc.assert(property, { seed: 41, numRuns: 100 });
});

test("byteShuffle and its inverse, at any address", () => {
  const property = fc.property(
    seeds,
    fc.nat(300),
    fc.integer({ min: 1, max: 20 }),
    fc.nat(15),
    (seed, items, size, shift) => {
      const length = items * size;
      check(seed, TO + shift, length, (kernels, base) =>
        kernels.byteShuffle(base + shift * 3, items, size, base + TO + shift),
      );
      check(seed, TO + shift, length, (kernels, base) =>
        kernels.byteUnshuffle(base + shift * 3, items, size, base + TO + shift),
      );
      const before = noise(seed);
      const { bytes } = expectSame(low, before, [10_000, TO + length], ({ byteShuffle, byteUnshuffle }) => {
        byteShuffle(low.base + shift, items, size, low.base + 10_000);
        byteUnshuffle(low.base + 10_000, items, size, low.base + TO);
      });
      expect(bytes.subarray(TO, TO + length)).toEqual(Buffer.from(before.subarray(shift, shift + length)));
    },
  );
  fc.assert(property, { seed: 42, numRuns: 100 });
});

test("byteShuffle puts bytes of equal rank together", () => {
  windowOf(low).set([1, 2, 3, 4, 5, 6]);
  low.wasm.byteShuffle(low.base, 3, 2, low.base + 100);
  expect([...windowOf(low).subarray(100, 106)]).toEqual([1, 3, 5, 2, 4, 6]);
});

test("scatter and pick, any value and stride", () => {
  const property = fc.property(
    seeds,
    fc.nat(40),
    valueBytes,
    fc.nat(90),
    fc.nat(15),
    (seed, count, size, gap, shift) => {
      const stride = size + gap;
      const length = Math.max(0, count * stride - gap);
      fc.pre(length < TO - 64);
      check(seed, TO + shift, length, (kernels, base) =>
        kernels.scatter(base + shift, count, size, base + TO + shift, stride),
      );
      check(seed, TO + shift, count * size, (kernels, base) =>
        kernels.pick(base + shift, count, size, stride, base + TO + shift),
      );
      const before = noise(seed);
      const { bytes } = expectSame(low, before, [0, WINDOW_BYTES], (kernels) => {
        kernels.scatter(low.base + shift, count, size, low.base + TO, stride);
        kernels.clear(low.base, TO);
        kernels.pick(low.base + TO, count, size, stride, low.base);
      });
      expect(bytes.subarray(0, count * size)).toEqual(Buffer.from(before.subarray(shift, shift + count * size)));
    },
  );
  fc.assert(property, { seed: 43, numRuns: 120 });
});

test("scatterBits sets the bits of a bitmap and keeps the others", () => {
  const property = fc.property(
    seeds,
    fc.nat(200),
    fc.integer({ min: 1, max: 90 }),
    fc.nat(7),
    (seed, count, stride, bit) => {
      const length = Math.max(0, (count - 1) * stride + 1);
      check(seed, TO, length, (kernels, base) => kernels.scatterBits(base + 3, count, base + TO, stride, bit));
      const before = noise(seed);
      const call = (kernels: Kernels) => kernels.scatterBits(low.base + 3, count, low.base + TO, stride, bit);
      const { bytes } = expectSame(low, before, [TO, TO + length], call);
      for (let i = 0; i < count; i++) {
        const set = (byteAt(before, 3 + (i >> 3)) >> (i & 7)) & 1;
        expect(byteAt(bytes, TO + i * stride)).toBe(byteAt(before, TO + i * stride) | (set << bit));
      }
    },
  );
  fc.assert(property, { seed: 44, numRuns: 60 });
});

const lengthsOf = fc.array(fc.nat(9), { maxLength: 50 });

test("writeSlots counts offsets up, and refuses what does not fit", () => {
  const property = fc.property(
    lengthsOf,
    fc.constantFrom(1, 2, 4, 8),
    fc.nat(900),
    fc.nat(9),
    (items, itemBytes, room, odd) => {
      const lengths = items.map((count, i) => count * itemBytes + (i === 30 && odd === 0 ? 1 : 0));
      const [start, stride] = [4_000_000_000, 24];
      const sum = lengths.reduce((total, length) => total + length, 0);
      const fits = sum <= room && lengths.every((length) => length % itemBytes === 0);
      for (const bench of [low, high]) {
        const before = noise(7).slice();
        before.set(asBytes(Uint32Array.from(lengths)), 1);
        const { result, bytes } = expectSame(bench, before, [TO, TO + lengths.length * stride], (kernels) =>
          kernels.writeSlots(bench.base + 1, lengths.length, bench.base + TO, stride, start, start + room, itemBytes),
        );
        expect(result).toBe(fits ? start + sum : -1);
        if (!fits) continue;
        let offset = start;
        for (const [i, length] of lengths.entries()) {
          const slot = [bytes.readUInt32LE(TO + i * stride), bytes.readUInt32LE(TO + i * stride + 4)];
          expect(slot).toEqual([offset, length]);
          offset += length;
        }
      }
    },
  );
  fc.assert(property, { seed: 45, numRuns: 200 });
});

test("writeSlots does not wrap at 32 bits", () => {
  const lengths = Uint32Array.of(0xfffffff0, 0xfffffff0);
  for (const { wasm, plain, base, memory } of [low, high]) {
    new Uint8Array(memory.buffer).set(asBytes(lengths), base);
    for (const kernels of [wasm, plain]) {
      expect(kernels.writeSlots(base, 2, base + TO, 8, 64, 1000, 1)).toBe(-1);
      expect(kernels.writeSlots(base, 0, base + TO, 8, 64, 63, 1)).toBe(-1);
      expect(kernels.writeSlots(base, 0, base + TO, 8, 64, 64, 1)).toBe(64);
    }
  }
});

/** A window whose first bytes are the addresses of rows at `places`. */
function withRows(bench: Bench, seed: number, places: readonly number[]): Uint8Array {
  const before = noise(seed).slice();
  before.set(asBytes(Uint32Array.from(places, (place) => bench.base + place)));
  return before;
}

/** Where rows begin: above their table, below the output, at multiples of 8. */
const placesOf = fc.array(
  fc.integer({ min: 64, max: 3500 }).map((place) => place * 8),
  { maxLength: 40 },
);

test("gather copies a field of any size of each row", () => {
  const property = fc.property(
    seeds,
    placesOf,
    valueBytes,
    fc.nat(100),
    fc.nat(15),
    (seed, places, size, offset, shift) => {
      const length = places.length * size;
      fc.pre(length < TO - 64);
      for (const bench of [low, high]) {
        const before = withRows(bench, seed, places);
        const [rows, to] = [bench.base, TO + shift];
        const { bytes } = expectSame(bench, before, [to, to + length], (kernels) =>
          kernels.gather(rows, places.length, offset, size, bench.base + to),
        );
        const expected = places.map((place) => before.subarray(place + offset, place + offset + size));
        expect(bytes.subarray(to, to + length)).toEqual(Buffer.concat(expected));
      }
    },
  );
  fc.assert(property, { seed: 46, numRuns: 200 });
});

test("gatherBits makes a bitmap with spare bits of zero", () => {
  const property = fc.property(seeds, placesOf, fc.nat(100), fc.nat(7), (seed, places, offset, bit) => {
    const length = Math.ceil(places.length / 8);
    for (const bench of [low, high]) {
      const before = withRows(bench, seed, places);
      const { bytes } = expectSame(bench, before, [TO + 1, TO + 1 + length], (kernels) =>
        kernels.gatherBits(bench.base, places.length, offset, bit, bench.base + TO + 1),
      );
      for (let i = 0; i < length * 8; i++) {
        const place = places[i];
        const expected = place === undefined ? 0 : (byteAt(before, place + offset) >> bit) & 1;
        expect((byteAt(bytes, TO + 1 + (i >> 3)) >> (i & 7)) & 1).toBe(expected);
      }
    }
  });
  fc.assert(property, { seed: 47, numRuns: 200 });
});

test("gatherOffsets and gatherItems join the values of a variable field", () => {
  const values = fc.array(fc.record({ items: fc.nat(60), at: fc.nat(9000) }), { maxLength: 40 });
  const property = fc.property(seeds, values, fc.constantFrom(1, 2, 4, 8), (seed, records, itemBytes) => {
    // Rows of 16 bytes whose slot is at 8; every other row counts its offset from another base.
    for (const bench of [low, high]) {
      const before = withRows(
        bench,
        seed,
        records.map((_, i) => 1024 + i * 16),
      );
      const bases = records.map((_, i) => (i % 2 === 0 ? 2048 : 3072));
      before.set(asBytes(Uint32Array.from(bases, (base) => bench.base + base)), 512);
      for (const [i, { items, at }] of records.entries()) {
        before.set(asBytes(Uint32Array.of(at, items * itemBytes)), 1024 + i * 16 + 8);
      }
      const count = records.length;
      const offsets = expectSame(bench, before, [TO, TO + (count + 1) * 4], (kernels) =>
        kernels.gatherOffsets(bench.base, count, 8, itemBytes, bench.base + TO),
      );
      const ends = records.map((_, i) => records.slice(0, i + 1).reduce((sum, { items }) => sum + items, 0));
      const written = new Int32Array(offsets.bytes.buffer.slice(offsets.bytes.byteOffset + TO), 0, count + 1);
      expect([...written]).toEqual([0, ...ends]);
      expect(offsets.result).toBe(ends.at(-1) ?? 0);

      const length = (ends.at(-1) ?? 0) * itemBytes;
      const joined = expectSame(bench, before, [TO, TO + length], (kernels) =>
        kernels.gatherItems(bench.base, bench.base + 512, count, 8, bench.base + TO),
      );
      const expected = records.map(({ items, at }, i) => {
        const start = (bases[i] ?? 0) + at;
        return before.subarray(start, start + items * itemBytes);
      });
      expect(joined.result).toBe(length);
      expect(joined.bytes.subarray(TO, TO + length)).toEqual(Buffer.concat(expected));
    }
  });
  fc.assert(property, { seed: 48, numRuns: 150 });
});

test("gatherOffsets refuses 2^31 items, and takes one fewer", () => {
  for (const [lengths, expected] of [
    [[2 ** 31 - 1], 2 ** 31 - 1],
    [[2 ** 31], -1],
    [[2 ** 32 - 1, 2 ** 32 - 1], -1],
    [[2 ** 30, 2 ** 30], -1],
  ] as const) {
    const before = withRows(
      low,
      1,
      lengths.map((_, i) => 1024 + i * 8),
    );
    before.set(asBytes(Uint32Array.from(lengths.flatMap((length) => [0, length]))), 1024);
    const { result } = expectSame(low, before, [TO, TO + 12], (kernels) =>
      kernels.gatherOffsets(low.base, lengths.length, 0, 1, low.base + TO),
    );
    expect(result).toBe(expected);
  }
});

function asBytes(numbers: Uint32Array): Uint8Array {
  return new Uint8Array(numbers.buffer);
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? Number.NaN;
}
