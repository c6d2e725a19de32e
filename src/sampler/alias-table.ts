import type { Random } from "./random.js";

/** Draws indices in proportion to fixed weights, in constant time. */
export interface AliasTable {
  draw(random: Random): number;
}

/**
 * The alias method (Walker 1977, built as by Vose 1991): every index has a column of height 1, filled with what it has of its own share and the rest
 * from one other index. `weights` are finite and >= 0, their sum `total` finite and > 0. An index of weight 0 is never drawn.
 */
export function createAliasTable(weights: Float64Array, total: number): AliasTable {
  const columns = weights.length;
  const shares = weights.map((weight) => (weight / total) * columns);
  const aliases = new Uint32Array(columns);
  const small: number[] = [];
  const large: number[] = [];
  shares.forEach((share, column) => {
    (share < 1 ? small : large).push(column);
  });

  let taker = small.pop();
  let giver = large.pop();
  while (taker !== undefined && giver !== undefined) {
    aliases[taker] = giver;
    const rest = (shares[giver] as number) - (1 - (shares[taker] as number)); // columns are indices of `shares`
    shares[giver] = rest;
    taker = rest < 1 ? giver : small.pop();
    if (rest < 1) giver = large.pop();
  }
  // What is left is full but for rounding. A weight of 0 left over by rounding must stay undrawable.
  const heaviest = weights.reduce((best, weight, column) => (weight > (weights[best] as number) ? column : best), 0);
  for (const column of [taker, giver, ...small, ...large]) {
    if (column === undefined) continue;
    shares[column] = (weights[column] as number) > 0 ? 1 : 0;
    aliases[column] = heaviest;
  }
  return {
    draw(random) {
      const column = random.below(columns);
      return random.float() < (shares[column] as number) ? column : (aliases[column] as number);
    },
  };
}
