import type { RangeSource, ReadOptions } from "../port.js";
import { resolveStorageOptions, type StorageOptions } from "../storage-options.js";
import { openS3Access } from "./access.js";
import { parseS3Url } from "./address.js";
import { openS3Object } from "./object.js";
import { resolveS3Options } from "./options.js";

/**
 * Opens `s3://bucket/key`, or a version of it with `?versionId=`. Whatever the options leave out comes from the standard `AWS_*` environment, else from the AWS SDK's
 * default chain.
 *
 * @throws HexzError `E_NOT_FOUND`, `E_ACCESS`, `E_NETWORK`, `E_TIMEOUT`, `E_HTTP`, `E_RANGE`, `E_DEPENDENCY`.
 * @throws TypeError for an address or options that make no sense.
 * @example
 * ```ts
 * await using source = await openS3Source(new URL("s3://bucket/train.hxz"), { s3: { region: "eu-west-1" } });
 * ```
 */
export async function openS3Source(
  url: URL,
  { signal, ...storage }: StorageOptions & ReadOptions = {},
): Promise<RangeSource> {
  const address = parseS3Url(url);
  const resolved = resolveStorageOptions(storage);
  const access = await openS3Access(resolveS3Options(resolved.s3), address);
  return openS3Object(address, access, resolved, { signal });
}
