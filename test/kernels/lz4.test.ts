import fc from "fast-check";
import { compressSync } from "lz4-napi";
import { expect, test } from "vitest";
import { type Bench, expectEqualBytes, highBench, lowBench, noise, runBoth, seeds, WINDOW_BYTES } from "./support.js";

/** lz4-napi puts the decoded size before the block. */
const PREFIX_BYTES = 4;
/** Bytes before, between and after the runs. */
const GUARD_BYTES = 64;

const low = lowBench();
const high = highBench();

/** What a decoder is handed: a block, and room for so many bytes. */
interface Case {
  readonly block: Uint8Array;
  readonly capacity: number;
}

/**
 * Decodes with both kernels, the output directly followed by a guard and then by the block, which ends where the memory ends: what is read or written too
 * far traps or shows. Gives the decoded bytes, or undefined for a block that is refused.
 */
function decode(bench: Bench, { block, capacity }: Case): Uint8Array | undefined {
  const from = WINDOW_BYTES - block.length;
  const to = from - GUARD_BYTES - capacity;
  if (to < GUARD_BYTES) throw new RangeError(`a case of ${block.length} + ${capacity} bytes does not fit the window`);
  const before = noise(capacity + 1).slice();
  before.set(block, from);
  const outcomes = runBoth(bench, before, (kernels) =>
    kernels.decodeLz4(bench.base + from, block.length, bench.base + to, capacity),
  );
  const [wasm, plain] = outcomes.map(({ result, bytes }) => {
    expectEqualBytes(bytes.subarray(0, to), before.subarray(0, to));
    expectEqualBytes(bytes.subarray(to + capacity), before.subarray(to + capacity));
    return result < 0 ? undefined : bytes.subarray(to, to + result);
  });
  expect(outcomes[0].result).toBe(outcomes[1].result);
  if (wasm !== undefined && plain !== undefined) expectEqualBytes(wasm, plain);
  return wasm;
}

/** Bytes with matches of all lengths and distances: a random mixture of noise, repeats of what came before, and runs. */
const compressible = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant("noise" as const), seed: seeds, length: fc.nat(300) }),
      fc.record({
        kind: fc.constant("repeat" as const),
        distance: fc.integer({ min: 1, max: 4000 }),
        length: fc.nat(600),
      }),
      fc.record({
        kind: fc.constant("repeat" as const),
        distance: fc.integer({ min: 1, max: 20 }),
        length: fc.nat(60),
      }),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => {
    const bytes: number[] = [];
    for (const piece of pieces) {
      if (piece.kind === "noise") bytes.push(...noise(piece.seed, piece.length));
      else for (let i = 0; i < piece.length; i++) bytes.push(bytes[bytes.length - piece.distance] ?? i & 3);
    }
    return Uint8Array.from(bytes);
  });

function compress(raw: Uint8Array): Uint8Array {
  return compressSync(Buffer.from(raw)).subarray(PREFIX_BYTES);
}

test("what lz4-napi compresses comes back, with room to spare or without", () => {
  const property = fc.property(compressible, fc.nat(100), (raw, spare) => {
    const block = compress(raw);
    for (const bench of [low, high]) {
      for (const capacity of [raw.length, raw.length + spare]) {
        expectEqualBytes(decode(bench, { block, capacity }) ?? Buffer.of(), raw);
      }
      if (raw.length > 0) expect(decode(bench, { block, capacity: raw.length - 1 })).toBeUndefined();
    }
  });
  fc.assert(property, { seed: 33, numRuns: 300 });
});

test("runs of every distance and length are repeated", () => {
  for (let distance = 1; distance <= 40; distance++) {
    for (const length of [4, 5, 8, 15, 16, 17, 18, 19, 20, 31, 32, 33, 63, 64, 65, 273, 274, 275, 1000]) {
      for (const tail of [5, 12, 100]) {
        const first = noise(distance, distance);
        const last = noise(length, tail);
        const block = Uint8Array.from([...sequence(first, distance, length), ...lastLiterals(last)]);
        const raw = Buffer.concat([first, Buffer.alloc(length, first), last]);
        expectEqualBytes(decode(low, { block, capacity: raw.length }) ?? Buffer.of(), raw);
      }
    }
  }
});

test("blocks that end wrongly are refused", () => {
  const whole = Uint8Array.from([...sequence(noise(1, 20), 7, 9), ...lastLiterals(noise(2, 40))]);
  expect(decode(low, { block: whole, capacity: 69 })).toHaveLength(69);
  // A cut after a whole sequence lacks the last literals; a cut in the last literals lacks some. Cut after the first 20 literals, it is a whole block of them.
  for (let length = 0; length < whole.length; length++) {
    if (length === 22) continue;
    expect(decode(low, { block: whole.subarray(0, length), capacity: 200 }), `cut at ${length}`).toBeUndefined();
  }
  expect(decode(low, { block: Uint8Array.of(...whole, 0x12), capacity: 200 })).toBeUndefined();
});

test("the smallest blocks", () => {
  expect(decode(low, { block: Uint8Array.of(0), capacity: 0 })).toHaveLength(0);
  expect(decode(low, { block: Uint8Array.of(0x10, 65), capacity: 1 })).toEqual(Buffer.from("A"));
  expect(decode(low, { block: Uint8Array.of(0x10, 65), capacity: 0 })).toBeUndefined();
  expect(decode(low, { block: Uint8Array.of(), capacity: 10 })).toBeUndefined();
});

test("distances of zero or before the output are refused", () => {
  for (const distance of [0, 21, 65535]) {
    const block = Uint8Array.from([...sequence(noise(1, 20), distance, 30), ...lastLiterals(noise(2, 80))]);
    expect(decode(low, { block, capacity: 4000 })).toBeUndefined();
  }
});

test("lengths that would wrap 32 bits are refused", () => {
  // 16 million continuation bytes say 4 GiB; the output is far shorter, so the sum stops growing long before.
  const bytes = new Uint8Array(30_000).fill(255);
  for (const token of [0xf0, 0x0f, 0xff]) {
    bytes[0] = token;
    expect(decode(low, { block: bytes, capacity: 20_000 })).toBeUndefined();
  }
});

test("hostile blocks neither trap nor touch a byte outside, and both kernels answer alike", () => {
  const mutations = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 6 });
  const mutated = fc.tuple(compressible, mutations, fc.nat(3)).map(([raw, changes, kind]) => {
    const block = Uint8Array.from(compress(raw));
    for (const { at, byte } of changes) block[at % block.length] = byte;
    return { block: kind === 0 ? block.subarray(0, (changes[0]?.at ?? 0) % (block.length + 1)) : block, raw };
  });
  const capacities = fc.oneof(fc.nat(80), fc.nat(20_000));
  const onMutated = fc.property(mutated, capacities, ({ block, raw }, capacity) => {
    decode(low, { block, capacity });
    decode(high, { block, capacity: raw.length });
  });
  fc.assert(onMutated, { seed: 34, numRuns: 2500 });
  // Random tokens with small distances decode far before they fail.
  const byte = fc.oneof(fc.constantFrom(0, 1, 2, 4, 8, 15, 16, 0x1f, 0xf0, 0xff), fc.nat(255));
  const onRandom = fc.property(fc.array(byte, { maxLength: 400 }), capacities, (block, capacity) => {
    decode(low, { block: Uint8Array.from(block), capacity });
  });
  fc.assert(onRandom, { seed: 35, numRuns: 2500 });
});

/** Literals, then a match. */
function sequence(literals: Uint8Array, distance: number, length: number): number[] {
  const match = length - 4;
  const token = (Math.min(15, literals.length) << 4) | Math.min(15, match);
  return [token, ...more(literals.length), ...literals, distance & 255, distance >> 8, ...more(match)];
}

function lastLiterals(literals: Uint8Array): number[] {
  return [Math.min(15, literals.length) << 4, ...more(literals.length), ...literals];
}

/** The bytes that go on with a length of 15 or more. */
function more(length: number): number[] {
  if (length < 15) return [];
  return [...new Array(Math.floor((length - 15) / 255)).fill(255), (length - 15) % 255];
}
