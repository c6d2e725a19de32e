/**
 * Objects of S3 and of services that speak it.
 *
 * Receives `s3://bucket/key` and options or environment; gives a `RangeSource` for reading, and a multipart upload for writing. Reading signs its own
 * requests over the HTTP driver and needs the signer only; the AWS SDK is loaded for its chain of credentials and for writing. Invariants: what is read is one
 * version of one object; an object appears whole or not at all; no secret is in any error, log or inspection.
 *
 * @module
 */
export { openS3Access, type S3Access } from "./access.js";
export { objectUrl, parseS3Url, type S3Address } from "./address.js";
export { S3Writer } from "./client.js";
export type { CredentialProvider, S3Credentials } from "./credentials.js";
export { existsError, MultipartUpload, objectExists, type UploadedPart } from "./multipart.js";
export { openS3Object } from "./object.js";
export { resolveS3Options, type S3Options, type S3Settings } from "./options.js";
export { PartStream, partSize } from "./part-stream.js";
export { openS3Source } from "./source.js";
