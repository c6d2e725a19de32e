import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { CredentialStore, type S3Credentials } from "../../../../src/core/storage/s3/credentials.js";

const MINUTE_MS = 60_000;

/** A store over keys that are numbered, the first from 1, each good for `minutes`. */
function numbered(minutes?: number) {
  const clock = { ms: 1_000_000 };
  let asked = 0;
  const provider = async (): Promise<S3Credentials> => {
    asked++;
    const keys = { accessKeyId: `id${asked}`, secretAccessKey: "canary-secret" };
    return minutes === undefined ? keys : { ...keys, expiration: new Date(clock.ms + minutes * MINUTE_MS) };
  };
  return { store: new CredentialStore(provider, () => clock.ms), clock, asked: () => asked };
}

describe("CredentialStore", () => {
  test("asks once for all who wait", async () => {
    const { store, asked } = numbered();
    const got = await Promise.all(Array.from({ length: 8 }, () => store.get()));
    expect(new Set(got.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set(["id1"]));
    expect(asked()).toBe(1);
  });

  test("renews five minutes before the end", async () => {
    const { store, clock, asked } = numbered(60);
    await store.get();
    clock.ms += 54 * MINUTE_MS;
    expect(await store.get()).toMatchObject({ accessKeyId: "id1" });
    clock.ms += MINUTE_MS;
    expect(await store.get()).toMatchObject({ accessKeyId: "id2" });
    expect(asked()).toBe(2);
  });

  test("uses short-lived keys to their end instead of asking before each request", async () => {
    const { store, clock, asked } = numbered(2);
    await store.get();
    clock.ms += MINUTE_MS;
    await store.get();
    expect(asked()).toBe(1);
    clock.ms += MINUTE_MS;
    expect(await store.get()).toMatchObject({ accessKeyId: "id2" });
  });

  test("goes on with keys that are still good where renewing fails, and no longer", async () => {
    const clock = { ms: 0 };
    let fails = false;
    const provider = async () => {
      if (fails) throw new Error("the service of keys is down");
      return { accessKeyId: "id", secretAccessKey: "s", expiration: new Date(60 * MINUTE_MS) };
    };
    const store = new CredentialStore(provider, () => clock.ms);
    await store.get();
    fails = true;
    clock.ms = 56 * MINUTE_MS;
    expect(await store.get()).toMatchObject({ accessKeyId: "id" });
    clock.ms = 60 * MINUTE_MS;
    await expect(store.get()).rejects.toMatchObject({ code: "E_ACCESS" });
  });

  test("replaces refused keys once for all who were refused", async () => {
    const { store, asked } = numbered();
    const refused = await store.get();
    const fresh = await Promise.all(Array.from({ length: 8 }, () => store.replace(refused)));
    expect(fresh.map((keys) => keys?.accessKeyId)).toEqual(new Array(8).fill("id2"));
    // Who was refused before that, and says so late, gets what is there.
    expect(await store.replace(refused)).toMatchObject({ accessKeyId: "id2" });
    expect(asked()).toBe(2);
  });

  test("says where there are no others, and where there are none", async () => {
    const keys = { accessKeyId: "id", secretAccessKey: "s" };
    expect(await new CredentialStore(async () => keys).replace(keys)).toBeUndefined();
    for (const wrong of [undefined, {}, { accessKeyId: "id" }, { accessKeyId: "id", secretAccessKey: "" }]) {
      const store = new CredentialStore(async () => wrong as S3Credentials);
      await expect(store.get()).rejects.toMatchObject({ code: "E_ACCESS" });
    }
  });

  test("shows no secret", async () => {
    const { store } = numbered();
    await store.get();
    expect(inspect(store, { depth: 9, showHidden: true }) + JSON.stringify(store)).not.toContain("canary");
    expect(store.redact("key id1, secret canary-secret")).toBe("key ***, secret ***");
  });
});
