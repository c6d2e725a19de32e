import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { blake3, codecByName, decodeBytes, loadCodecs } from "../../../src/core/codec/index.js";
import { isHexzError } from "../../../src/errors.js";

interface ZstdVector {
  readonly name: string;
  readonly bytes: string;
  readonly decodedBytes?: number;
  readonly decodedSha256?: string;
  readonly error?: string;
}

interface Blake3Vector {
  readonly inputBytes: number;
  readonly hash: string;
}

function readVectors<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../fixtures/vectors/${file}`, import.meta.url), "utf8"));
}

/** The content size a frame declares, where it has one that fits a block: the length under which a decoder gets to see it. */
function declaredBytes(frame: Uint8Array): number | undefined {
  const descriptor = frame[4] ?? 0;
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const start = 5 + (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  if (sizeBytes === 0 || frame.length < start + sizeBytes) return undefined;
  let size = sizeBytes === 2 ? 256 : 0;
  for (let i = 0; i < sizeBytes; i++) size += (frame[start + i] ?? 0) * 2 ** (8 * i);
  return size <= 2 ** 24 ? size : undefined;
}

const vectors = readVectors<ZstdVector>("zstd.json");
const zstd = codecByName("zstd");

beforeAll(loadCodecs);

/** SHA-256 of what is decoded, or `undefined` where it is refused. */
function decodedSha256(frame: Uint8Array, lengthBytes: number): string | undefined {
  try {
    return createHash("sha256")
      .update(decodeBytes(zstd, frame, lengthBytes))
      .digest("hex");
  } catch (error) {
    if (isHexzError(error, "E_BLOCK_CORRUPT")) return undefined;
    throw error;
  }
}

describe("zstd frames of others", () => {
  test("what the reference decodes is decoded alike, or refused as no block of ours", () => {
    const refused: string[] = [];
    let decoded = 0;
    for (const { name, bytes, decodedBytes, decodedSha256: expected } of vectors) {
      if (decodedBytes === undefined) continue;
      const actual = decodedSha256(Buffer.from(bytes, "base64"), decodedBytes);
      if (actual === undefined) refused.push(name);
      else expect(actual, name).toBe(expected);
      decoded += actual === undefined ? 0 : 1;
    }
    expect(decoded).toBeGreaterThan(0);
    expect(refused).toContain("window_256mib.zst");
  });

  test("what the reference refuses is refused", () => {
    const bad = vectors.filter(({ error }) => error !== undefined);
    expect(bad.length).toBeGreaterThan(290);
    for (const { name, bytes } of bad) {
      const frame = Buffer.from(bytes, "base64");
      for (const lengthBytes of new Set([0, 1, 100_000, declaredBytes(frame) ?? 0])) {
        expect(decodedSha256(frame, lengthBytes), `${name} as ${lengthBytes} bytes`).toBeUndefined();
      }
    }
  });
});

test("BLAKE3 gives the published hashes, whole and in parts", () => {
  for (const { inputBytes, hash } of readVectors<Blake3Vector>("blake3.json")) {
    const input = Uint8Array.from({ length: inputBytes }, (_, i) => i % 251);
    const third = Math.floor(inputBytes / 3);
    for (const digest of [
      blake3(input),
      blake3(input.subarray(0, third), input.subarray(third, 2 * third), input.subarray(2 * third)),
    ]) {
      expect(Buffer.from(digest).toString("hex")).toBe(hash);
    }
  }
});
