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

/** Loads every codec in this thread, to encode with any of them. Cheap after the first time. */
export async function loadCodecs(): Promise<void> {
  await Promise.all(CODECS.map((codec) => codec.load()));
}

/** Loads what decoding blocks of codec `id` takes in this thread; nothing after the first time, and nothing for an unknown codec: {@link decoderById} refuses that. */
export async function loadDecoder(id: number): Promise<void> {
  const codec = CODECS[id];
  if (codec?.canDecode === false) await codec.load();
}

/**
 * The codec `id`, ready to decode.
 *
 * @throws HexzError `E_CODEC` where this version has no such codec, or this thread has not loaded it.
 */
export function decoderById(id: number): Codec {
  const codec = codecById(id);
  if (codec.canDecode) return codec;
  throw new HexzError(
    "E_CODEC",
    `codec ${id} (${codec.name}) is not loaded in this thread: it is not the codec of the header`,
    {
      context: { codec: id },
    },
  );
}

function known(): string {
  return CODECS.map((codec) => `${codec.id} (${codec.name})`).join(", ");
}
