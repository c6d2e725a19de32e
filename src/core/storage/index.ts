/**
 * Where bytes come from: one port, `RangeSource`, and its drivers.
 *
 * Receives a path, a URL or a source; gives any range of its bytes, complete, or an error. Invariants: a short read is an error, never zeros; a range
 * outside the source is refused before any I/O; a file or object that changed is an error; nothing is read after `close()`; no secret of an address, a
 * header or a credential is in a name or an error. Remote sources are one request core (`http-range.ts` over `http-transport.ts`) under decorators that each take a source
 * and give one (`with-*.ts`), put together in `http-object.ts`.
 *
 * @module
 */

export { openHttpSource } from "./http.js";
export type { AuthCallback, AuthRequest } from "./http-auth.js";
export { type LocalSource, openLocalSource } from "./local.js";
export { createMemorySource, type MemorySourceOptions } from "./memory.js";
export { isRangeSource, openSource } from "./open-source.js";
export type { RangeSource, ReadOptions, StorageStats } from "./port.js";
export { type CredentialProvider, openS3Source, type S3Credentials, type S3Options } from "./s3/index.js";
export { type ResolvedStorageOptions, resolveStorageOptions, type StorageOptions } from "./storage-options.js";
