import { show } from "../util/options.js";

/** Places after which proportions made from weights repeat, at most. */
export const PERIOD_LIMIT = 2 ** 18;
/** How far a weight may be from a whole number of places a period: a thousand times what rounding does to shares in doubles. */
const TOLERANCE = 1e-9;

/**
 * Integer proportions of weights: the smallest that say the same, as 7 : 2 : 1 for 0.7, 0.2, 0.1, where their sum is at most 2^18; else those of sum 2^18 nearest
 * the weights (largest remainders; at least 1 for each weight above 0), which are off by less than 2^-18 of all places.
 *
 * @throws TypeError, RangeError naming the weight that is not finite and >= 0, or when none is above 0.
 */
export function integerProportions(name: string, weights: readonly number[]): number[] {
  weights.forEach((weight, index) => {
    if (typeof weight !== "number") throw new TypeError(`${name}[${index}] must be a number, got ${show(weight)}`);
    if (!(Number.isFinite(weight) && weight >= 0)) {
      throw new RangeError(`${name}[${index}] must be finite and >= 0, got ${weight}`);
    }
  });
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  if (largest === 0) throw new RangeError(`${name} must have one above 0, got only zeros`);
  const scaled = weights.map((weight) => weight / largest); // so that the sum is finite
  const sum = scaled.reduce((total, weight) => total + weight, 0);
  const shares = scaled.map((weight) => weight / sum);
  return findPeriod(shares) ?? roundToPeriod(shares);
}

function findPeriod(shares: readonly number[]): number[] | undefined {
  for (let period = 1; period <= PERIOD_LIMIT; period++) {
    if (shares.every((share) => isWhole(share * period, share > 0)))
      return shares.map((share) => Math.round(share * period));
  }
  return undefined;
}

function isWhole(places: number, isWanted: boolean): boolean {
  const whole = Math.round(places);
  return Math.abs(places - whole) <= TOLERANCE && (whole > 0 || !isWanted);
}

function roundToPeriod(shares: readonly number[]): number[] {
  const places = shares.map((share) => (share === 0 ? 0 : Math.max(1, Math.floor(share * PERIOD_LIMIT))));
  const byRemainder = Array.from(shares.keys())
    .filter((source) => (shares[source] as number) > 0)
    .sort((a, b) => remainder(shares, places, b) - remainder(shares, places, a) || a - b);
  let left = PERIOD_LIMIT - places.reduce((total, count) => total + count, 0);
  for (const source of byRemainder) {
    if (left <= 0) break;
    places[source] = (places[source] as number) + 1; // sources are indices of both lists
    left--;
  }
  return places;
}

function remainder(shares: readonly number[], places: readonly number[], source: number): number {
  return (shares[source] as number) * PERIOD_LIMIT - (places[source] as number);
}
