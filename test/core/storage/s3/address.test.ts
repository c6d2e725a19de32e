import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { objectUrl, parseS3Url } from "../../../../src/core/storage/s3/index.js";

const parse = (text: string) => parseS3Url(new URL(text));
const PATH_STYLE = { endpoint: new URL("http://127.0.0.1:9000"), forcePathStyle: true };
const HOST_STYLE = { endpoint: new URL("https://s3.eu-west-1.amazonaws.com"), forcePathStyle: false };

describe("parseS3Url", () => {
  test("reads bucket, key and version", () => {
    expect(parse("s3://data.example_1/a/b.hxz")).toEqual({
      bucket: "data.example_1",
      key: "a/b.hxz",
      versionId: undefined,
      name: "s3://data.example_1/a/b.hxz",
    });
    expect(parse("s3://bucket/k%20%C3%A9%3F%23%25.hxz?versionId=a%2Fb")).toMatchObject({
      key: "k é?#%.hxz",
      versionId: "a/b",
      name: "s3://bucket/k é?#%.hxz?versionId=a/b",
    });
  });

  test("refuses what names no object, and shows no secret", () => {
    for (const text of [
      "s3://user:canary@bucket/key",
      "s3://canary@bucket/key",
      "s3:///key",
      "s3://bucket",
      "s3://bucket/",
      "s3://bucket/folder/",
      "s3://bucket/a%2F..%2Fb",
      "s3://bucket:80/key",
      "s3://-bucket/key",
      "s3://bucket/100%",
      "s3://bucket/key?X-Amz-Signature=canary",
      "s3://bucket/key#canary",
    ]) {
      expect(() => parse(text), text).toThrow(TypeError);
      expect(() => parse(text), text).not.toThrow(/canary/);
    }
  });
});

describe("objectUrl", () => {
  test("puts the bucket into the path or the host", () => {
    const address = parse("s3://bucket/a/b.hxz");
    expect(objectUrl(address, PATH_STYLE).href).toBe("http://127.0.0.1:9000/bucket/a/b.hxz");
    expect(objectUrl(address, HOST_STYLE).href).toBe("https://bucket.s3.eu-west-1.amazonaws.com/a/b.hxz");
    const below = { endpoint: new URL("https://host/s3/"), forcePathStyle: true };
    expect(objectUrl(address, below).href).toBe("https://host/s3/bucket/a/b.hxz");
  });

  test("encodes every key so that it comes out as it was", () => {
    const part = fc
      .string({ unit: "binary", minLength: 1, maxLength: 30 })
      .filter((text) => text !== "." && text !== "..");
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.string({ minLength: 1 }), (parts, versionId) => {
        const key = parts.join("/");
        const url = objectUrl({ bucket: "bucket", key, versionId, name: "" }, PATH_STYLE);
        expect(decodeURIComponent(url.pathname)).toBe(`/bucket/${key}`);
        expect(url.searchParams.get("versionId")).toBe(versionId);
        expect(url.pathname).toMatch(/^[A-Za-z0-9._~%/-]*$/);
      }),
      { seed: 5 },
    );
  });
});
