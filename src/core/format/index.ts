/**
 * The bytes of a snapshot (docs/FORMAT.md) as pure pairs of parse and serialize: bytes in, plain data out, and back. Receives bytes whose hash the caller
 * has checked, or the header, which checks itself; gives data whose every size is within `limits.ts`. No I/O, nothing of machine learning.
 *
 * @module
 */
export * from "./block-page.js";
export * from "./columns.js";
export * from "./counts.js";
export * from "./header.js";
export * from "./limits.js";
export * from "./metadata.js";
export * from "./page.js";
export * from "./page-table.js";
export * from "./row-layout.js";
export * from "./schema.js";
