import { assertBlockLength, exactly } from "./decode-check.js";
import type { Codec } from "./types.js";

/** Codec 0: the bytes as they are. Copies nothing. */
export const stored: Codec = {
  id: 0,
  name: "stored",
  levels: undefined,
  load: () => Promise.resolve(),
  encode: (raw) => raw,
  decode(bytes, encodedLength) {
    assertBlockLength("stored", encodedLength);
    return exactly("stored", bytes, encodedLength);
  },
};
