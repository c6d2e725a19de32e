import type { Random } from "./random.js";

/** Draws indices in proportion to their weights, each once. */
export interface SumTree {
  /** An index not drawn before. There must be one with a weight > 0 left. */
  take(random: Random): number;
}

/**
 * A binary tree of sums (the tree of Wong and Easton 1980): a draw walks from the root to a leaf, then empties the leaf. Sums on the way are added
 * up again, never subtracted from, so an empty subtree is exactly 0 and rounding cannot lead into it; no logarithm is used, so the draws
 * are the same on every machine.
 */
export function createSumTree(weights: Float64Array): SumTree {
  let leaves = 1;
  while (leaves < weights.length) leaves *= 2;
  const sums = new Float64Array(2 * leaves);
  sums.set(weights, leaves);
  for (let node = leaves - 1; node >= 1; node--) update(sums, node);

  return {
    take(random) {
      const leaf = descend(sums, leaves, random.float() * at(sums, 1));
      sums[leaf] = 0;
      for (let node = leaf >> 1; node >= 1; node >>= 1) update(sums, node);
      return leaf - leaves;
    },
  };
}

function descend(sums: Float64Array, leaves: number, target: number): number {
  let node = 1;
  let rest = target;
  while (node < leaves) {
    const left = at(sums, 2 * node);
    const goesLeft = rest < left || at(sums, 2 * node + 1) === 0;
    if (!goesLeft) rest -= left;
    node = goesLeft ? 2 * node : 2 * node + 1;
  }
  return node;
}

function update(sums: Float64Array, node: number): void {
  sums[node] = at(sums, 2 * node) + at(sums, 2 * node + 1);
}

/** Nodes are 1 to 2 × leaves − 1, all inside `sums`. */
function at(sums: Float64Array, node: number): number {
  return sums[node] as number;
}
