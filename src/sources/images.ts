import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fields } from "../dataset/fields.js";
import type { RecordInput, RecordSource, Schema } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import { assertInteger, assertKnownKeys, assertOneOf } from "../util/options.js";
import { createSource } from "./source.js";

type Sharp = typeof import("sharp").default;

export interface ImagesOptions {
  /** `[height, width]` to which every image is resized. @default the size of the first; an image of another size is an error */
  readonly size?: readonly [number, number] | undefined;
  /** 1 grey, 3 RGB, 4 RGBA. @default 3 */
  readonly channels?: 1 | 3 | 4 | undefined;
  /** What to do with an image that cannot be used. @default "raise" */
  readonly onBad?: "raise" | "skip" | undefined;
  /** Told of each image left out. */
  readonly onSkip?: ((skipped: { readonly path: string; readonly error: HexzError }) => void) | undefined;
  /** Larger images are refused by their header, before they are decoded. @default 100 million */
  readonly maxPixels?: number | undefined;
}

/** An image folder as a source that also knows its classes. */
export interface ImageSource extends RecordSource {
  /** Names of the subfolders; a record's `label` is the rank of its own. Empty where there are none. */
  readonly classes: Promise<readonly string[]>;
}

interface ImageFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  readonly label: number;
}

interface Listing {
  readonly files: readonly ImageFile[];
  readonly classes: readonly string[];
}

const IMAGE_NAME = /\.(png|jpe?g)$/i;
const DEFAULT_MAX_PIXELS = 100e6;

/**
 * A folder of PNG and JPEG images: `image` uint8 `[height, width, channels]`, `path`, and `label`, the rank of the subfolder, where there are subfolders. In the order of the bytes of
 * the paths; links are not followed. Decoded by the optional peer `sharp`.
 *
 * @throws HexzError while reading: `E_IMAGE` names the file; `E_NOT_FOUND`, `E_EMPTY`, `E_DEPENDENCY`.
 * @example
 * await pack(images("photos/", { size: [224, 224] }), "photos.hxz");
 */
export function images(folder: string, options: ImagesOptions = {}): ImageSource {
  assertKnownKeys("options", options, ["size", "channels", "onBad", "onSkip", "maxPixels"]);
  const { size, channels = 3, onBad = "raise", maxPixels = DEFAULT_MAX_PIXELS } = options;
  for (const extent of size ?? []) assertInteger("options.size", extent, 1, 65_535);
  assertOneOf("options.channels", channels, [1, 3, 4]);
  assertOneOf("options.onBad", onBad, ["raise", "skip"]);
  assertInteger("options.maxPixels", maxPixels, 1);
  const reader = { folder, size, channels, onBad, onSkip: options.onSkip, maxPixels };
  let listing: Promise<Listing> | undefined;
  const list = () => {
    listing ??= listImages(folder);
    return listing;
  };
  const source = createSource<Schema>(
    async () => schemaOf(reader, await list()),
    (schema) => readImages(reader, list(), schema),
  );
  return Object.defineProperties(source, {
    classes: { get: () => list().then(({ classes }) => classes) },
  }) as ImageSource;
}

interface ImageReader extends Pick<ImagesOptions, "size" | "onSkip"> {
  readonly folder: string;
  readonly channels: 1 | 3 | 4;
  readonly onBad: "raise" | "skip";
  readonly maxPixels: number;
}

async function listImages(folder: string): Promise<Listing> {
  const paths = (await walk(folder, "")).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (paths.length === 0)
    throw new HexzError("E_EMPTY", `${folder} holds no PNG or JPEG images`, { context: { path: folder } });
  const classOf = (path: string) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined);
  const classes = [...new Set(paths.map(classOf))].filter((name) => name !== undefined);
  const loose = paths.find((path) => classOf(path) === undefined);
  if (classes.length > 0 && loose !== undefined) {
    throw new HexzError(
      "E_INPUT",
      `${folder} has images in subfolders and ${loose} beside them, which has no class; move it`,
      { context: { path: folder } },
    );
  }
  const rank = new Map(classes.map((name, label) => [name, label]));
  return { classes, files: paths.map((path) => ({ path, label: rank.get(classOf(path) ?? "") ?? 0 })) };
}

async function walk(folder: string, below: string): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === "ENOENT" ? "E_NOT_FOUND" : "E_IO";
    throw new HexzError(code, `${join(folder, below)} cannot be listed (${cause.message})`, {
      context: { path: folder },
      cause,
    });
  });
  const found = entries.map((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return walk(folder, path);
    return entry.isFile() && IMAGE_NAME.test(entry.name) ? [path] : [];
  });
  return (await Promise.all(found)).flat();
}

async function schemaOf(reader: ImageReader, { files, classes }: Listing): Promise<Schema> {
  const [height, width] = reader.size ?? (await firstSize(reader, files));
  const image = fields.uint8([height, width, reader.channels]);
  return classes.length === 0 ? { image, path: fields.utf8() } : { image, label: fields.int32(), path: fields.utf8() };
}

async function firstSize(reader: ImageReader, files: readonly ImageFile[]): Promise<readonly [number, number]> {
  const sharp = await loadSharp();
  let failure: unknown;
  for (const { path } of files) {
    try {
      return await sizeOf(sharp, reader, path);
    } catch (error) {
      if (reader.onBad === "raise") throw error;
      failure = error;
    }
  }
  throw failure;
}

async function* readImages(
  reader: ImageReader,
  listing: Promise<Listing>,
  schema: Schema,
): AsyncGenerator<RecordInput<Schema>> {
  const sharp = await loadSharp();
  const { files, classes } = await listing;
  const shape = schema.image !== undefined && "shape" in schema.image.spec ? schema.image.spec.shape : [];
  for (const { path, label } of files) {
    let image: Uint8Array;
    try {
      image = await decode(sharp, reader, path, shape);
    } catch (error) {
      if (reader.onBad === "raise" || !(error instanceof HexzError)) throw error;
      reader.onSkip?.({ path, error });
      continue;
    }
    yield classes.length === 0 ? { image, path } : { image, label, path };
  }
}

/** Reads the size from the header: a small file may claim hundreds of megapixels. */
async function sizeOf(
  sharp: Sharp,
  { folder, maxPixels }: ImageReader,
  path: string,
): Promise<readonly [number, number]> {
  const { width = 0, height = 0 } = await attempt(path, () =>
    sharp(join(folder, path), { limitInputPixels: false }).metadata(),
  );
  if (width * height > maxPixels) {
    throw new HexzError(
      "E_IMAGE",
      `${path} has ${width}×${height} pixels, more than maxPixels (${maxPixels}); raise it or remove the image`,
      {
        context: { path, width, height, maxPixels },
      },
    );
  }
  return [height, width];
}

async function decode(sharp: Sharp, reader: ImageReader, path: string, shape: readonly number[]): Promise<Uint8Array> {
  const [height = 0, width = 0] = shape;
  const own = await sizeOf(sharp, reader, path);
  if (reader.size === undefined && (own[0] !== height || own[1] !== width)) {
    const message = `${path} is ${own[1]}×${own[0]}, the first image ${width}×${height} (width × height); pass size to resize all`;
    throw new HexzError("E_IMAGE", message, { context: { path, width: own[1], height: own[0] } });
  }
  const pipeline = sharp(join(reader.folder, path), { failOn: "warning", limitInputPixels: reader.maxPixels });
  if (reader.size !== undefined) pipeline.resize(width, height, { fit: "fill" });
  if (reader.channels === 4) pipeline.toColourspace("srgb").ensureAlpha();
  else if (reader.channels === 3) pipeline.removeAlpha().toColourspace("srgb");
  else pipeline.removeAlpha().greyscale().toColourspace("b-w");
  const { data } = await attempt(path, () => pipeline.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true }));
  const expected = height * width * reader.channels;
  if (data.length === expected) return data;
  throw new HexzError("E_IMAGE", `${path} decodes to ${data.length} bytes, expected ${expected}`, {
    context: { path },
  });
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HexzError("E_IMAGE", `${path} cannot be decoded (${why}); remove it or pass onBad "skip"`, {
      context: { path },
      cause,
    });
  }
}

async function loadSharp(): Promise<Sharp> {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    throw new HexzError(
      "E_DEPENDENCY",
      "images are decoded by the package sharp, which cannot be loaded: npm install sharp",
      { cause },
    );
  }
}
