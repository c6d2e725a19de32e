import { HexzError } from "../../../errors.js";

type Sdk = typeof import("@aws-sdk/client-s3");
type Signing = typeof import("@smithy/signature-v4");

/** The AWS SDK: credentials of its default chain, and everything but reading objects. */
export function loadSdk(): Promise<Sdk> {
  return import("@aws-sdk/client-s3").catch((cause: unknown) => {
    throw missing("credentials of the AWS configuration and writing to S3", cause);
  });
}

/** The SDK's own signer, for requests that go without it. */
export function loadSigning(): Promise<Signing> {
  return import("@smithy/signature-v4").catch((cause: unknown) => {
    throw missing("signed requests to S3", cause);
  });
}

function missing(what: string, cause: unknown): HexzError {
  const packages = ["@aws-sdk/client-s3", "@smithy/signature-v4"];
  return new HexzError("E_DEPENDENCY", `${what} need optional packages; run: npm install ${packages.join(" ")}`, {
    context: { packages },
    cause,
  });
}
