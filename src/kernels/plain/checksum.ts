import { CRC_OF_BYTE } from "../tables.js";
import type { Views } from "./views.js";

const U64 = 0xffff_ffff_ffff_ffffn;
const PRIME_1 = 0x9e3779b185ebca87n;
const PRIME_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME_3 = 0x165667b19e3779f9n;
const PRIME_4 = 0x85ebca77c2b2ae63n;
const PRIME_5 = 0x27d4eb2f165667c5n;

/** XXH64 with seed 0 (xxhash_spec.md of the xxHash project). */
export function matchesXxh64(views: Views, at: number, lengthBytes: number, low: number, high: number): boolean {
  return xxh64(views.numbers, at, lengthBytes) === ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
}

function xxh64(numbers: DataView, at: number, lengthBytes: number): bigint {
  const end = at + lengthBytes;
  let hash = PRIME_5;
  if (lengthBytes >= 32) {
    const lanes = [(PRIME_1 + PRIME_2) & U64, PRIME_2, 0n, U64 - PRIME_1 + 1n];
    for (; end - at >= 32; at += 32) {
      for (const [i, lane] of lanes.entries()) lanes[i] = round(lane, numbers.getBigUint64(at + i * 8, true));
    }
    const turns = [1n, 7n, 12n, 18n];
    hash = lanes.reduce((sum, lane, i) => sum + rotate(lane, turns[i] ?? 0n), 0n) & U64;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * PRIME_1 + PRIME_4) & U64;
  }
  return finish(numbers, (hash + BigInt(lengthBytes)) & U64, at, end);
}

/** Takes in the last bytes, fewer than 32, and mixes. */
function finish(numbers: DataView, hash: bigint, at: number, end: number): bigint {
  for (; end - at >= 8; at += 8) {
    hash = (rotate(hash ^ round(0n, numbers.getBigUint64(at, true)), 27n) * PRIME_1 + PRIME_4) & U64;
  }
  if (end - at >= 4) {
    const word = (BigInt(numbers.getUint32(at, true)) * PRIME_1) & U64;
    hash = (rotate(hash ^ word, 23n) * PRIME_2 + PRIME_3) & U64;
    at += 4;
  }
  for (; at < end; at++) {
    hash = (rotate(hash ^ ((BigInt(numbers.getUint8(at)) * PRIME_5) & U64), 11n) * PRIME_1) & U64;
  }
  hash = ((hash ^ (hash >> 33n)) * PRIME_2) & U64;
  hash = ((hash ^ (hash >> 29n)) * PRIME_3) & U64;
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * PRIME_2) & U64, 31n) * PRIME_1) & U64;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) & U64) | (value >> (64n - bits));
}

/** CRC-32/ISO-HDLC, a byte a step (Sarwate 1988). */
export function matchesCrc32({ bytes }: Views, at: number, lengthBytes: number, expected: number): boolean {
  let crc = 0xffffffff;
  for (const end = at + lengthBytes; at < end; at++) {
    crc = (crc >>> 8) ^ (CRC_OF_BYTE[(crc ^ (bytes[at] ?? 0)) & 255] ?? 0);
  }
  return ~crc >>> 0 === expected >>> 0;
}
