import { isHexzError } from "../../../errors.js";
import { openRemoteObject, type RemoteObject } from "../http-object.js";
import type { SignRequest } from "../http-range.js";
import type { HttpReply } from "../http-transport.js";
import { createMemorySource } from "../memory.js";
import type { RangeSource, ReadOptions } from "../port.js";
import type { ResolvedStorageOptions } from "../storage-options.js";
import type { S3Access } from "./access.js";
import { objectUrl, type S3Address } from "./address.js";
import { isExpired, parseS3Refusal, s3Error } from "./failure.js";
import { openSigner } from "./signer.js";

/**
 * Opens an object of S3 as one of HTTP whose requests are signed: one request, which also brings its first bytes. Everything read later is of the same version, or
 * `E_SOURCE_CHANGED`. Expired credentials are renewed once for all requests in flight.
 *
 * @throws HexzError `E_NOT_FOUND`, `E_ACCESS`, `E_NETWORK`, `E_TIMEOUT`, `E_HTTP`, `E_RANGE`, `E_DEPENDENCY`.
 */
export async function openS3Object(
  address: S3Address,
  access: S3Access,
  options: ResolvedStorageOptions,
  read: ReadOptions = {},
): Promise<RangeSource> {
  const object = await createObject(address, access);
  // The endpoint was named by whoever opens the object, not by data: it may be a machine of theirs.
  return openRemoteObject(object, { ...options, allowPrivate: true }, read).catch((error: unknown) => {
    // Where the first byte is out of range there is none; not every service says so in the header that HTTP has for it.
    if (isHexzError(error) && error.context.status === 416)
      return createMemorySource(new Uint8Array(0), { name: address.name });
    throw error;
  });
}

async function createObject(address: S3Address, access: S3Access): Promise<RemoteObject> {
  const refusalOf = ({ status, headers, text }: HttpReply) => parseS3Refusal(status, headers, text);
  const url = objectUrl(address, access);
  const object = {
    name: address.name,
    identity: url.href,
    url,
    // An overloaded server's words on when to come back are the same for all of HTTP.
    explain: (reply: HttpReply) =>
      reply.status === 429 || reply.status >= 500 ? undefined : s3Error(refusalOf(reply), address, access, "read"),
  };
  const { credentials } = access;
  if (credentials === undefined) return object;
  const signHeaders = await openSigner(access.region);
  const sign: SignRequest = async (request) => {
    const used = await credentials.get();
    return {
      headers: await signHeaders(request, used),
      renew: async (reply) => isExpired(refusalOf(reply)) && (await credentials.replace(used)) !== undefined,
    };
  };
  return { ...object, sign };
}
