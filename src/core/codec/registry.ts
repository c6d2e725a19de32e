import { HexzError } from "../../errors.js";
import { lz4 } from "./lz4.js";
import { stored } from "./stored.js";
import type { Codec, CodecName } from "./types.js";
import { zstd } from "./zstd.js";

/** Every codec, at the index that is its id. A new one is one file and one entry here. */
const CODECS: readonly Codec[] = [stored, lz4, zstd];

/** @throws HexzError `E_CODEC` where this version has no such codec. */
export function codecById(id: number): Codec {
  const codec = CODECS[id];
  if (codec !== undefined) return codec;
  throw new HexzError("E_CODEC", `unknown codec ${id}; this version has ${known()}: use a newer version of hexz`, {
    context: { codec: id },
  });
}

/** @throws HexzError `E_CODEC` where this version has no such codec. */
export function codecByName(name: CodecName): Codec {
  const codec = CODECS.find((candidate) => candidate.name === name);
  if (codec !== undefined) return codec;
  throw new HexzError("E_CODEC", `unknown codec ${JSON.stringify(name)}; this version has ${known()}`, {
    context: { codec: String(name) },
  });
}

/** Loads every codec in this thread. Cheap after the first time. */
export async function loadCodecs(): Promise<void> {
  await Promise.all(CODECS.map((codec) => codec.load()));
}

function known(): string {
  return CODECS.map((codec) => `${codec.id} (${codec.name})`).join(", ");
}
