/** Bytes at the beginning of the memory that the kernels keep for themselves. Nothing is given out below. */
export const RESERVED_BYTES = 65536;

// The addresses of assembly/layout.ts.
const CRC_TABLES_AT = 1024;
const REPEAT_MASKS_AT = 32768;
const REPEAT_STEPS_AT = REPEAT_MASKS_AT + 256;

const CRC_TABLES = 16;
const CRC_POLYNOMIAL = 0xedb88320;
const MASK_BYTES = 16;

/** CRC32 register after each byte, from 0 (Sarwate 1988). */
export const CRC_OF_BYTE = Uint32Array.from({ length: 256 }, (_, byte) => crcOfByte(byte));

function crcOfByte(byte: number): number {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
  return crc;
}

/** Writes the tables the kernels look things up in. Once, by whoever makes the memory: an instance of the module writes nothing by itself. */
export function writeTables(buffer: ArrayBufferLike): void {
  writeCrcTables(new DataView(buffer, CRC_TABLES_AT, CRC_TABLES * 1024));
  writeRepeatMasks(new Uint8Array(buffer, REPEAT_MASKS_AT, MASK_BYTES * MASK_BYTES));
  const steps = new Uint8Array(buffer, REPEAT_STEPS_AT, MASK_BYTES);
  for (let distance = 1; distance < MASK_BYTES; distance++) steps[distance] = MASK_BYTES - (MASK_BYTES % distance);
}

/** Entry `byte` of table `k`: the register after that byte and `k` zero bytes. */
function writeCrcTables(view: DataView): void {
  for (let byte = 0; byte < 256; byte++) {
    let crc = CRC_OF_BYTE[byte] ?? 0;
    for (let table = 0; table < CRC_TABLES; table++) {
      view.setUint32(table * 1024 + byte * 4, crc, true);
      crc = (crc >>> 8) ^ (CRC_OF_BYTE[crc & 255] ?? 0);
    }
  }
}

/** Mask `distance` chooses, for each of 16 lanes, the byte that many before it repeats. */
function writeRepeatMasks(masks: Uint8Array): void {
  for (let distance = 1; distance < MASK_BYTES; distance++) {
    for (let lane = 0; lane < MASK_BYTES; lane++) masks[distance * MASK_BYTES + lane] = lane % distance;
  }
}
