import { afterAll, afterEach, beforeAll } from "vitest";
import { openHttpSource } from "../../../src/core/storage/index.js";
import { openRangeServer, type RangeServer } from "../../support/range-server.js";
import { storageConformance } from "./conformance.js";

let server: RangeServer;
beforeAll(async () => {
  server = await openRangeServer({});
});
afterAll(() => server.close());
afterEach(() => {
  server.intercept = undefined;
});
storageConformance("http", async (bytes) => {
  server.files.set("/source", { bytes, etag: '"one"' });
  return openHttpSource(new URL(server.urlOf("/source")), { allowPrivate: true });
});
