import { describe, expect, test } from "vitest";
import { openS3Access, parseS3Url, resolveS3Options, type S3Options } from "../../../../src/core/storage/s3/index.js";

const keys = { accessKeyId: "id", secretAccessKey: "canary" };
const address = parseS3Url(new URL("s3://bucket/key"));

describe("resolveS3Options", () => {
  test("prefers options to the environment, and the names for S3 to the general ones", () => {
    const environment = {
      AWS_REGION: "eu-west-1",
      AWS_DEFAULT_REGION: "eu-west-2",
      AWS_ENDPOINT_URL: "http://general",
      AWS_ENDPOINT_URL_S3: "http://s3",
    };
    expect(resolveS3Options({}, environment)).toMatchObject({ region: "eu-west-1", endpoint: new URL("http://s3") });
    const given = { region: "us-west-2", endpoint: "https://own" };
    expect(resolveS3Options(given, environment)).toMatchObject({
      region: "us-west-2",
      endpoint: new URL("https://own"),
    });
    expect(resolveS3Options({}, {})).toMatchObject({ region: undefined, endpoint: undefined, isAnonymous: false });
  });

  test("takes keys of the environment unless a profile is named, and reads them again", async () => {
    const environment: Record<string, string> = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    const { credentials } = resolveS3Options({}, environment);
    expect(await credentials?.()).toEqual({ accessKeyId: "a", secretAccessKey: "b", sessionToken: undefined });
    environment.AWS_SESSION_TOKEN = "t";
    expect(await credentials?.()).toMatchObject({ sessionToken: "t" });
    expect(resolveS3Options({}, { ...environment, AWS_PROFILE: "work" }).credentials).toBeUndefined();
  });

  test("can be anonymous by option or environment; keys in the options win over the latter", () => {
    expect(resolveS3Options({ anonymous: true }, {})).toMatchObject({ isAnonymous: true, credentials: undefined });
    expect(resolveS3Options({}, { HEXZ_S3_ANONYMOUS: "1" }).isAnonymous).toBe(true);
    expect(resolveS3Options({ credentials: keys }, { HEXZ_S3_ANONYMOUS: "1" }).isAnonymous).toBe(false);
  });

  test("refuses wrong options by name, without showing what may be secret", () => {
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ endpoint: "ftp://host" }, /storage\.s3\.endpoint/],
      [{ endpoint: "http://user:canary@host" }, /storage\.s3\.endpoint/],
      [{ endpoint: "http://host/?token=canary" }, /storage\.s3\.endpoint/],
      [{ endpoint: "host" }, /storage\.s3\.endpoint/],
      [{ region: 7 }, /storage\.s3\.region/],
      [{ forcePathStyle: "yes" }, /storage\.s3\.forcePathStyle/],
      [{ anonymous: 1 }, /storage\.s3\.anonymous/],
      [{ anonymous: true, credentials: keys }, /exclude each other/],
      [{ credentials: "canary" }, /storage\.s3\.credentials/],
      [{ partBytes: "1 MiB" }, /storage\.s3\.partBytes/],
      [{ partSize: 8 }, /storage\.s3\.partSize/],
      [7, /storage\.s3/],
    ];
    for (const [options, message] of wrong) {
      expect(() => resolveS3Options(options as S3Options, {}), String(message)).toThrow(message);
      expect(() => resolveS3Options(options as S3Options, {}), String(message)).not.toThrow(/canary/);
    }
  });
});

describe("openS3Access", () => {
  const access = (options: S3Options, bucket = address) => openS3Access(resolveS3Options(options, {}), bucket);

  test("finds AWS by region, and puts buckets into the host name", async () => {
    const found = await access({ region: "eu-central-1", credentials: keys });
    expect(found).toMatchObject({ forcePathStyle: false, region: "eu-central-1" });
    expect(found.endpoint.href).toBe("https://s3.eu-central-1.amazonaws.com/");
    const china = await access({ region: "cn-north-1", credentials: keys });
    expect(china.endpoint.href).toBe("https://s3.cn-north-1.amazonaws.com.cn/");
  });

  test("puts buckets into the path where the service is one's own or the bucket has dots", async () => {
    expect(await access({ endpoint: "http://minio:9000", anonymous: true })).toMatchObject({
      forcePathStyle: true,
      region: "us-east-1",
      credentials: undefined,
    });
    const dotted = parseS3Url(new URL("s3://my.bucket/key"));
    expect((await access({ region: "us-east-1", credentials: keys }, dotted)).forcePathStyle).toBe(true);
    const chosen = { endpoint: "http://minio:9000", forcePathStyle: false, credentials: keys };
    expect((await access(chosen)).forcePathStyle).toBe(false);
  });
});
