import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { startS3Server } from "./s3-server.js";

/** An S3 service for tests: a real one where HEXZ_TEST_S3_ENDPOINT names it, else the server in memory. */
export interface S3Service extends AsyncDisposable {
  readonly options: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  readonly client: S3Client;
  readonly bucket: string;
  /** A bucket of which every version is kept. */
  readonly versionedBucket: string;
  /** A bucket that anybody may read. */
  readonly publicBucket: string;
  /** Puts an object; gives its version, where there is one. */
  put(key: string, bytes: Uint8Array, bucket?: string): Promise<string | undefined>;
  /** Keys of unfinished uploads. */
  unfinished(): Promise<readonly string[]>;
}

export async function openS3Service(): Promise<S3Service> {
  const { options, close } = await locate();
  const client = new S3Client({ ...options, forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED" });
  // A real server is kept between runs: each has buckets of its own.
  const suffix = Math.random().toString(36).slice(2, 10);
  const [bucket, versionedBucket, publicBucket] = [`hexz-${suffix}`, `hexz-v-${suffix}`, `hexz-p-${suffix}`] as const;
  for (const Bucket of [bucket, versionedBucket, publicBucket]) await client.send(new CreateBucketCommand({ Bucket }));
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket: versionedBucket, VersioningConfiguration }));
  await client.send(new PutBucketPolicyCommand({ Bucket: publicBucket, Policy: readPolicy(publicBucket) }));
  return {
    options,
    client,
    bucket,
    versionedBucket,
    publicBucket,
    async put(Key, Body, Bucket = bucket) {
      return (await client.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId;
    },
    async unfinished() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.map(({ Key = "" }) => Key);
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await close();
    },
  };
}

async function locate(): Promise<{ options: S3Service["options"]; close: () => Promise<void> }> {
  const { HEXZ_TEST_S3_ENDPOINT: endpoint, HEXZ_TEST_S3_REGION: region = "us-east-1" } = process.env;
  const { HEXZ_TEST_S3_ACCESS_KEY_ID: accessKeyId = "", HEXZ_TEST_S3_SECRET_ACCESS_KEY: secretAccessKey = "" } =
    process.env;
  if (endpoint !== undefined) {
    return { options: { endpoint, region, credentials: { accessKeyId, secretAccessKey } }, close: async () => {} };
  }
  const server = await startS3Server();
  const { endpoint: own, region: ownRegion, accessKeyId: id, secretAccessKey: secret } = server;
  const credentials = { accessKeyId: id, secretAccessKey: secret };
  return {
    options: { endpoint: own, region: ownRegion, credentials },
    close: async () => await server[Symbol.asyncDispose](),
  };
}

function readPolicy(bucket: string): string {
  const Resource = [`arn:aws:s3:::${bucket}/*`];
  const Statement = [{ Effect: "Allow", Principal: "*", Action: ["s3:GetObject"], Resource }];
  return JSON.stringify({ Version: "2012-10-17", Statement });
}
