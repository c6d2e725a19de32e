import { HexzError } from "../../errors.js";
import type { SignRequest } from "./http-range.js";
import type { HttpHeaders, HttpReply } from "./http-transport.js";
import { displayUrl } from "./http-url.js";
import { resolveHeaders } from "./storage-options.js";

/** What an {@link AuthCallback} is asked for. */
export interface AuthRequest {
  readonly url: string;
  /** The server refused what was given before: get something new. */
  readonly refresh: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Gives the headers that authorize a request, e.g. `{ authorization: "Bearer …" }`. */
export type AuthCallback = (request: AuthRequest) => HttpHeaders | Promise<HttpHeaders>;

/**
 * Signs requests with fixed headers and with those of a callback. Credentials that expire are refreshed once for all requests in flight: those refused with what was
 * given before the refresh only sign again.
 */
export function createHeaderSigner(headers: HttpHeaders, auth: AuthCallback | undefined): SignRequest {
  if (auth === undefined) return () => ({ headers });
  let generation = 0;
  let refreshing: Promise<void> | undefined;
  const ask = async (url: URL, refresh: boolean, signal: AbortSignal | undefined): Promise<HttpHeaders> => {
    try {
      return resolveHeaders(await auth({ url: url.href, refresh, signal }), "the headers of options.storage.auth");
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof TypeError) throw cause;
      const message = `storage.auth gave no credentials for ${displayUrl(url)}; see the cause`;
      throw new HexzError("E_ACCESS", message, { context: { source: displayUrl(url) }, cause });
    }
  };
  const refresh = async (url: URL): Promise<void> => {
    await ask(url, true, undefined);
    generation++;
  };
  return async ({ url, signal }) => {
    await refreshing;
    const signed = generation;
    const renew = async ({ status }: HttpReply): Promise<boolean> => {
      if (status === 400) return false;
      if (signed === generation) {
        refreshing ??= refresh(url).finally(() => {
          refreshing = undefined;
        });
        await refreshing;
      }
      return true;
    };
    return { headers: { ...headers, ...(await ask(url, false, signal)) }, renew };
  };
}
