import { createHeaderSigner } from "./http-auth.js";
import { openRemoteObject, type RemoteSeams } from "./http-object.js";
import { displayUrl } from "./http-url.js";
import type { RangeSource, ReadOptions } from "./port.js";
import { resolveStorageOptions, type StorageOptions } from "./storage-options.js";

/**
 * Opens a file on an HTTP(S) server that serves byte ranges. One request; see {@link openRemoteObject}.
 *
 * @throws HexzError `E_NETWORK`, `E_TIMEOUT`, `E_HTTP`, `E_RANGE`, `E_ACCESS`, `E_NOT_FOUND`, `E_ADDRESS`.
 * @throws TypeError for a password in the address.
 */
export async function openHttpSource(
  url: URL,
  options: StorageOptions & ReadOptions = {},
  seams: RemoteSeams = {},
): Promise<RangeSource> {
  const { signal, ...storage } = options;
  const resolved = resolveStorageOptions(storage);
  const name = displayUrl(url);
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`the address ${name} must not hold a password; give it by storage.headers or storage.auth`);
  }
  const sign = createHeaderSigner(resolved.headers, resolved.auth);
  return openRemoteObject({ name, url, sign }, resolved, { signal }, seams);
}
