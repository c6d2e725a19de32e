/**
 * Limits of FORMAT.md section 3. A reader refuses a larger value before it allocates for it.
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Raw and encoded length of a block. */
export const MAX_RAW_BLOCK_BYTES = 64 * MIB;
/** Stored length of a block over its encoded length: the tag of an encrypted one. */
export const MAX_STORED_OVERHEAD_BYTES = 16;

/** Entries per page are a power of two in this range. */
export const MIN_PAGE_ENTRIES = 1024;
export const MAX_PAGE_ENTRIES = 2 ** 20;
/** Raw length of a page: also at most {@link MAX_PAGE_BYTES_PER_ENTRY} for each entry a page may hold. */
export const MAX_PAGE_BYTES = 64 * MIB;
export const MAX_PAGE_BYTES_PER_ENTRY = 64;
export const MAX_PAGE_TABLE_BYTES = 16 * MIB;

/** Raw length of the counts. */
export const MAX_COUNTS_BYTES = 256 * MIB;
/** Raw length of the metadata. */
export const MAX_METADATA_BYTES = 16 * MIB;
export const MAX_JSON_DEPTH = 64;

export const MAX_DICTIONARY_BYTES = 1 * MIB;
export const MAX_ANCESTORS = 64;
export const MAX_ANCESTOR_DEPTH = 8;

/** Fields of a schema, extents of a shape, UTF-8 bytes of a field name. */
export const MAX_FIELDS = 4096;
export const MAX_DIMENSIONS = 8;
export const MAX_FIELD_NAME_BYTES = 256;

/** Window a zstd frame may ask the decoder for. */
export const MAX_ZSTD_WINDOW_BYTES = 128 * MIB;
