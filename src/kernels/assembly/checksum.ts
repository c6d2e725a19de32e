import { CRC_TABLES } from "./layout";

const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;
const PRIME_5: u64 = 0x27d4eb2f165667c5;

export function matchesXxh64(at: usize, lengthBytes: usize, low: u32, high: u32): bool {
  return xxh64(at, lengthBytes) === (((high as u64) << 32) | (low as u64));
}

/** XXH64 with seed 0 (xxhash_spec.md of the xxHash project). */
function xxh64(at: usize, lengthBytes: usize): u64 {
  const end = at + lengthBytes;
  let hash: u64 = PRIME_5;
  if (lengthBytes >= 32) {
    let a: u64 = PRIME_1 + PRIME_2;
    let b: u64 = PRIME_2;
    let c: u64 = 0;
    let d: u64 = 0 - PRIME_1;
    const last = end - 32;
    do {
      a = round(a, load<u64>(at));
      b = round(b, load<u64>(at, 8));
      c = round(c, load<u64>(at, 16));
      d = round(d, load<u64>(at, 24));
      at += 32;
    } while (at <= last);
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18);
    hash = merge(merge(merge(merge(hash, a), b), c), d);
  }
  return finish(hash + (lengthBytes as u64), at, end);
}

function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * PRIME_2, 31) * PRIME_1;
}

function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * PRIME_1 + PRIME_4;
}

/** Takes in the last bytes, fewer than 32, and mixes. */
function finish(hash: u64, at: usize, end: usize): u64 {
  for (; end - at >= 8; at += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4;
  if (end - at >= 4) {
    hash = rotl<u64>(hash ^ ((load<u32>(at) as u64) * PRIME_1), 23) * PRIME_2 + PRIME_3;
    at += 4;
  }
  for (; at < end; at++) hash = rotl<u64>(hash ^ ((load<u8>(at) as u64) * PRIME_5), 11) * PRIME_1;
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  return hash ^ (hash >> 32);
}

/** CRC-32/ISO-HDLC, 16 bytes a step by 16 tables (Kounavis and Berry 2005, "A systematic approach to building high performance software-based CRC generators"). */
export function matchesCrc32(at: usize, lengthBytes: usize, expected: u32): bool {
  const end = at + lengthBytes;
  let crc: u32 = 0xffffffff;
  for (; end - at >= 16; at += 16) {
    const a = load<u32>(at) ^ crc;
    const b = load<u32>(at, 4);
    const c = load<u32>(at, 8);
    const d = load<u32>(at, 12);
    crc =
      load<u32>(((a << 2) & 0x3fc) as usize, CRC_TABLES + 15 * 1024) ^
      load<u32>(((a >> 6) & 0x3fc) as usize, CRC_TABLES + 14 * 1024) ^
      load<u32>(((a >> 14) & 0x3fc) as usize, CRC_TABLES + 13 * 1024) ^
      load<u32>(((a >> 22) & 0x3fc) as usize, CRC_TABLES + 12 * 1024) ^
      (load<u32>(((b << 2) & 0x3fc) as usize, CRC_TABLES + 11 * 1024) ^
        load<u32>(((b >> 6) & 0x3fc) as usize, CRC_TABLES + 10 * 1024) ^
        load<u32>(((b >> 14) & 0x3fc) as usize, CRC_TABLES + 9 * 1024) ^
        load<u32>(((b >> 22) & 0x3fc) as usize, CRC_TABLES + 8 * 1024)) ^
      (load<u32>(((c << 2) & 0x3fc) as usize, CRC_TABLES + 7 * 1024) ^
        load<u32>(((c >> 6) & 0x3fc) as usize, CRC_TABLES + 6 * 1024) ^
        load<u32>(((c >> 14) & 0x3fc) as usize, CRC_TABLES + 5 * 1024) ^
        load<u32>(((c >> 22) & 0x3fc) as usize, CRC_TABLES + 4 * 1024)) ^
      (load<u32>(((d << 2) & 0x3fc) as usize, CRC_TABLES + 3 * 1024) ^
        load<u32>(((d >> 6) & 0x3fc) as usize, CRC_TABLES + 2 * 1024) ^
        load<u32>(((d >> 14) & 0x3fc) as usize, CRC_TABLES + 1 * 1024) ^
        load<u32>(((d >> 22) & 0x3fc) as usize, CRC_TABLES + 0 * 1024));
  }
  for (; at < end; at++) crc = (crc >> 8) ^ load<u32>((((crc ^ load<u8>(at)) & 255) as usize) << 2, CRC_TABLES);
  return ~crc === expected;
}
