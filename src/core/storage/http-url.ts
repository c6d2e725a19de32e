/** An address as errors and logs show it: no userinfo, and of a query only that there is one, for it may be a signature. */
export function displayUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : "?…"}`;
}
