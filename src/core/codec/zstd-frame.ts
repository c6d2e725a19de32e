import { HexzError } from "../../errors.js";
import { ByteReader } from "../../util/byte-reader.js";
import { MAX_ZSTD_WINDOW_BYTES } from "../format/limits.js";

const MAGIC = 0xfd2fb528;
/** No block of a frame is larger, whatever its window (RFC 8878, 3.1.1.2.4). */
const MAX_BLOCK_BYTES = 128 * 1024;
const CHECKSUM_BYTES = 4;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;

/** What the header of a frame declares. */
interface FrameHeader {
  readonly windowBytes: number;
  readonly hasChecksum: boolean;
}

/**
 * Asserts that `stored` is exactly one zstd frame (RFC 8878, section 3) that declares `contentBytes`, needs no dictionary and no large window, and ends
 * where `stored` ends. Decoders cannot be relied on for that: Node 22 takes a truncated frame for a whole one and ignores what follows a frame.
 * Looks at headers only: what is inside the blocks is the decoder's to check.
 *
 * @throws HexzError `E_CORRUPT`.
 */
export function assertZstdFrame(stored: Uint8Array, contentBytes: number): void {
  const reader = new ByteReader(stored, "the zstd frame");
  const header = readHeader(reader, contentBytes);
  const maxBlockBytes = Math.min(header.windowBytes, MAX_BLOCK_BYTES);
  let isLast = false;
  while (!isLast) isLast = passBlock(reader, maxBlockBytes);
  if (header.hasChecksum) reader.bytes(CHECKSUM_BYTES);
  reader.end();
}

function readHeader(reader: ByteReader, contentBytes: number): FrameHeader {
  if (reader.u32() !== MAGIC) throw corrupt("does not begin with the magic number");
  const descriptor = reader.u8();
  if ((descriptor & 0b1000) !== 0) throw corrupt("sets the reserved bit of its header");
  if ((descriptor & 0b11) !== 0) throw corrupt("has a dictionary id");
  const isSingleSegment = (descriptor & 0b100000) !== 0;
  const declaredWindow = isSingleSegment ? undefined : readWindow(reader.u8());
  const declaredBytes = readContentSize(reader, descriptor >> 6, isSingleSegment);
  if (declaredBytes !== contentBytes) {
    throw corrupt(`declares ${declaredBytes ?? "no number of"} bytes of content, not ${contentBytes}`);
  }
  const windowBytes = declaredWindow ?? declaredBytes;
  if (windowBytes > MAX_ZSTD_WINDOW_BYTES) {
    throw corrupt(`asks for a window of ${windowBytes} bytes, over the limit of ${MAX_ZSTD_WINDOW_BYTES}`);
  }
  return { windowBytes, hasChecksum: (descriptor & 0b100) !== 0 };
}

function readWindow(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 0b111);
}

function readContentSize(reader: ByteReader, flag: number, isSingleSegment: boolean): number | undefined {
  if (flag === 1) return reader.u16() + 256;
  if (flag === 2) return reader.u32();
  if (flag === 3) return reader.u64();
  return isSingleSegment ? reader.u8() : undefined;
}

/** Passes over one block; whether it says it is the last. */
function passBlock(reader: ByteReader, maxBytes: number): boolean {
  const header = reader.u16() + reader.u8() * 0x10000;
  const type = (header >> 1) & 0b11;
  const bytes = header >> 3;
  if (type === BLOCK_RESERVED) throw corrupt("has a block of the reserved type");
  if (bytes > maxBytes) throw corrupt(`has a block of ${bytes} bytes, over its limit of ${maxBytes}`);
  reader.bytes(type === BLOCK_RLE ? 1 : bytes);
  return (header & 1) !== 0;
}

function corrupt(problem: string): HexzError {
  return new HexzError("E_CORRUPT", `the zstd frame ${problem}`);
}
