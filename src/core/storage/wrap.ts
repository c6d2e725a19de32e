import type { RangeSource } from "./port.js";

/** The same source with another way to read it. It hides the descriptor: nobody can read past the wrapper. */
export function wrapSource(
  source: RangeSource,
  own: Pick<RangeSource, "readInto"> & Partial<Pick<RangeSource, "close" | "stats">>,
): RangeSource {
  const { close = () => source.close(), stats = source.stats } = own;
  return {
    name: source.name,
    size: source.size,
    identity: source.identity,
    ...(stats === undefined ? {} : { stats }),
    readInto: own.readInto,
    close,
    [Symbol.asyncDispose]: close,
  };
}
