/**
 * Which room may import which. The data flows one way and imports go only back along it; each rule says why in its comment. Run by `npm test`.
 * @type {import("dependency-cruiser").IConfiguration}
 */

/** Everything that is code of ours. */
const OURS = "^(src|loaders)/";

/** A room that may import only the listed places (and packages, which have rules of their own). */
function room(name, from, mayImport, comment) {
  return {
    name,
    comment,
    severity: "error",
    from: { path: from },
    to: { path: OURS, pathNot: [...mayImport, "^src/errors\\.ts$"] },
  };
}

/** A package that only the listed places may import. */
function packageOnlyIn(name, packages, places, comment) {
  return {
    name,
    comment,
    severity: "error",
    from: { path: OURS, pathNot: places },
    to: { path: packages.map((pkg) => `^node_modules/${pkg}/`) },
  };
}

const FORMAT_TYPES = "^src/core/format/(schema|block-page|metadata)\\.ts$";

export default {
  forbidden: [
    room(
      "util",
      "^src/util/",
      ["^src/util/"],
      "Helpers know nothing of snapshots: any room may use them without a cycle.",
    ),
    room(
      "platform",
      "^src/platform/",
      ["^src/(platform|util)/"],
      "What the machine gives (threads, cores, clock) depends on no room, so that a browser twin can replace it.",
    ),
    room(
      "kernels",
      "^src/kernels/",
      ["^src/(kernels|util)/"],
      "Inner loops on addresses and numbers: they know neither formats nor threads, so each can be tested against its plain twin.",
    ),
    room(
      "core",
      "^src/core/",
      ["^src/(core|kernels|platform|util)/"],
      "The engine serves verified bytes and knows nothing of machine learning.",
    ),
    room(
      "sampler",
      "^src/sampler/",
      ["^src/(sampler|util)/"],
      "The order of the records is pure numbers: printable, testable without data, the same everywhere.",
    ),
    room(
      "dataset",
      "^src/dataset/",
      ["^src/(dataset|core|kernels|util)/"],
      "Records are a reading of the engine's bytes; how they are packed or ordered is not their business.",
    ),
    room(
      "pack",
      "^src/pack/",
      ["^src/(pack|core|dataset|platform|util)/"],
      "Writing needs the format and the schema, never the reading of epochs.",
    ),
    room(
      "sources",
      "^src/sources/",
      ["^src/(sources|dataset|util)/", FORMAT_TYPES],
      "A source gives records and a schema; how they are stored is not its business.",
    ),
    room(
      "loader",
      "^src/loader/",
      ["^src/(loader|dataset|sampler|core|kernels|platform|util)/"],
      "The batch pipeline is the end of the reading line; it never packs.",
    ),
    {
      name: "core-internals",
      comment:
        "Decode threads get the recipe of a block as plain data: block decoding must not reach for storage or an open snapshot.",
      severity: "error",
      from: { path: "^src/core/(blocks\\.ts|codec/|format/)" },
      to: { path: "^src/core/(storage/(?!port)|snapshot|verify|block-index)" },
    },
    {
      name: "cli-is-a-leaf",
      comment: "The command line is one user of the library among others.",
      severity: "error",
      from: { path: OURS, pathNot: "^src/cli/" },
      to: { path: "^src/cli/" },
    },
    {
      name: "loaders-are-leaves",
      comment: "tfjs and Arrow are optional: the library must load without them.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^loaders/" },
    },
    {
      name: "loaders-use-the-public-entry",
      comment:
        "A loader is written against what any user of hexz sees: types, errors and the schema. It gets the open loader handed in, so it loads no room.",
      severity: "error",
      from: { path: "^loaders/" },
      to: { path: "^src/", pathNot: "^src/(index|errors|core/format/schema)\\.ts$", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "loaders-apart",
      comment: "A user of one loader does not load the peer of another.",
      severity: "error",
      from: { path: "^loaders/([^/]+)/" },
      to: { path: "^loaders/", pathNot: "^loaders/$1/" },
    },
    {
      name: "no-cycle",
      comment: "A cycle means that two files are one, or that a third is missing. Types may refer to each other.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-test-import",
      comment: "What ships must not need what does not.",
      severity: "error",
      from: { path: OURS },
      to: { path: "^(test|bench|examples|scripts)/" },
    },
    {
      name: "not-resolvable",
      comment: "A dependency that is not installed works on nobody's machine.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "runtime-needs-no-dev-package",
      comment: "An installed hexz has no dev packages. The peers of optional rooms are declared as peers.",
      severity: "error",
      from: { path: OURS },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg"],
        dependencyTypesNot: ["npm-peer", "type-only"],
        pathNot: "^node_modules/@types/",
      },
    },
    packageOnlyIn(
      "tensorflow",
      ["@tensorflow"],
      "^loaders/tfjs/",
      "TensorFlow.js is an optional peer, 100 MB: only its loader names it.",
    ),
    packageOnlyIn(
      "arrow",
      ["apache-arrow"],
      "^loaders/arrow/",
      "Arrow is an optional peer and takes 126 ms to load: only its loader names it.",
    ),
    packageOnlyIn(
      "image-decoder",
      ["sharp"],
      "^src/sources/",
      "Image decoding is native code: only sources that read images load it, and late.",
    ),
    packageOnlyIn(
      "codecs-and-hashes",
      ["lz4-napi", "@bokuweb/zstd-wasm", "xxhash-wasm", "@napi-rs/blake-hash"],
      "^src/core/codec/",
      "One registry of codecs and hashes: replacing one touches one file.",
    ),
    packageOnlyIn(
      "threads",
      ["piscina"],
      "^src/(platform/|loader/workers/|pack/encode-worker)",
      "One worker pool, with one way errors come back from it; its threads ask it what they were started with.",
    ),
    packageOnlyIn(
      "http-client",
      ["undici"],
      "^src/core/storage/http-(transport|exchange)\\.ts$",
      "One transport, which a browser build replaces with fetch.",
    ),
    packageOnlyIn(
      "aws",
      ["@aws-sdk", "@smithy"],
      "^src/core/storage/s3/",
      "The AWS SDK is an optional peer and takes 140 ms to load: only S3 names it, and loads it late.",
    ),
    packageOnlyIn("command-line-packages", ["commander", "picocolors"], "^src/cli/", "A library prints nothing."),
    {
      name: "node-builtins",
      comment:
        "Node's own modules only where a machine is touched: platform (threads, cores), local storage, addresses that may be connected to, checksums and zstd of node:zlib, publishing files, reading source files, worker threads (synchronous reads), the command line. All else runs anywhere.",
      severity: "error",
      from: {
        path: OURS,
        pathNot: [
          "^src/platform/",
          "^src/core/storage/(local|index|http-address|s3/(signer|multipart))\\.ts$",
          "^src/core/codec/(checksum|zstd)\\.ts$",
          "^src/pack/(publish|file-system|encode-worker)\\.ts$",
          "^src/sources/",
          "^src/loader/workers/",
          "^src/cli/",
        ],
      },
      to: { dependencyTypes: ["core"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // AssemblyScript: another language with its own way to resolve imports.
    exclude: { path: "^src/kernels/assembly/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "node", "default"] },
  },
};
