import type { S3Address, S3Place } from "./address.js";
import { type CredentialProvider, CredentialStore } from "./credentials.js";
import type { S3Settings } from "./options.js";
import { loadSdk } from "./packages.js";

/** What requests for the objects of a bucket need to know. */
export interface S3Access extends S3Place {
  readonly region: string;
  /** Undefined where nothing is signed. */
  readonly credentials: CredentialStore | undefined;
}

const DEFAULT_REGION = "us-east-1";

/**
 * Finds out region, endpoint and credentials. The AWS SDK is loaded only for what neither options nor environment say.
 *
 * @throws HexzError `E_DEPENDENCY` where the SDK is needed and missing.
 */
export async function openS3Access(settings: S3Settings, { bucket }: S3Address): Promise<S3Access> {
  const needsChain = !settings.isAnonymous && settings.credentials === undefined;
  const needsRegion = settings.region === undefined && settings.endpoint === undefined && !settings.isAnonymous;
  const chain = needsChain || needsRegion ? await openDefaultChain() : undefined;
  const region = settings.region ?? (await chain?.region()) ?? DEFAULT_REGION;
  const provider = settings.isAnonymous ? undefined : (settings.credentials ?? chain?.credentials);
  return {
    region,
    endpoint: settings.endpoint ?? new URL(`https://s3.${region}.${awsDomain(region)}`),
    // A certificate for *.s3.amazonaws.com does not cover a bucket with dots; services of one's own often have no name per bucket.
    forcePathStyle: settings.forcePathStyle ?? (settings.endpoint !== undefined || bucket.includes(".")),
    credentials: provider === undefined ? undefined : new CredentialStore(provider),
  };
}

/** Where the SDK finds keys and region: files, profiles, single sign-on, the roles of containers and machines. */
async function openDefaultChain(): Promise<{
  credentials: CredentialProvider;
  region: () => Promise<string | undefined>;
}> {
  const { S3Client } = await loadSdk();
  const { config } = new S3Client({});
  return {
    // Each call is for fresh ones: the store keeps what it got. Left to itself the SDK reads its files once in the life of the process.
    credentials: () => config.credentialDefaultProvider({ ...config, parentClientConfig: config, ignoreCache: true })(),
    region: () => config.region().catch(() => undefined),
  };
}

function awsDomain(region: string): string {
  return region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}
