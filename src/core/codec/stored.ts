import { corruptBlock } from "./decode-check.js";
import type { Codec } from "./types.js";

/** Codec 0: the bytes as they are. */
export const stored: Codec = {
  id: 0,
  name: "stored",
  levels: undefined,
  load: () => Promise.resolve(),
  canDecode: true,
  encode: (raw) => raw,
  decodeAt({ kernels }, from, storedLength, to, encodedLength) {
    if (storedLength !== encodedLength) throw corruptBlock("stored", `has ${storedLength} bytes`, encodedLength);
    if (from !== to) kernels.copy(from, storedLength, to);
  },
};
