/** Addresses of the tables in the reserved first bytes of the memory: the same numbers as in ../tables.ts, which writes them. */

/** 16 tables of 256 u32: entry `v` of table `k` is the CRC32 register after byte `v` and `k` zero bytes. */
export const CRC_TABLES: usize = 1024;

/** 16 masks of 16 bytes: mask `d` repeats the first `d` lanes. Mask 0 is not used. */
export const REPEAT_MASKS: usize = 32768;

/** Steps of 1 byte: the largest multiple of each distance up to 16. Step 0 is not used. */
export const REPEAT_STEPS: usize = REPEAT_MASKS + 256;
