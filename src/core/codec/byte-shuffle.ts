/**
 * Byte shuffle (filter 1 of FORMAT.md 6.3): byte `j` of item `i` of `m` goes to `j·m + i`, so that bytes of equal rank, which are alike in
 * numbers of similar size, stand together and compress better. Fills `target`, as long as `source` and not overlapping it.
 *
 * @throws RangeError where the lengths differ or are no multiple of `itemBytes`.
 */
export function byteShuffle(source: Uint8Array, itemBytes: number, target: Uint8Array): void {
  const items = itemCount(source, itemBytes, target);
  if (itemBytes === 1) target.set(source);
  else if (itemBytes === 2) shuffle2(source, items, target);
  else if (itemBytes === 4) shuffle4(source, items, target);
  else if (itemBytes === 8) {
    // Two passes of four planes: eight write streams at once are slower.
    shuffleHalf8(source, items, target, 0);
    shuffleHalf8(source, items, target, 4);
  } else shuffleAny(source, itemBytes, target);
}

function itemCount(source: Uint8Array, itemBytes: number, target: Uint8Array): number {
  if (!Number.isInteger(itemBytes) || itemBytes < 1 || source.length % itemBytes !== 0) {
    throw new RangeError(`itemBytes must be an integer >= 1 that divides ${source.length}, got ${itemBytes}`);
  }
  if (target.length !== source.length) {
    throw new RangeError(`target must have the ${source.length} bytes of source, got ${target.length}`);
  }
  return source.length / itemBytes;
}

// The casts below: every index is inside the array by `itemCount`, which the compiler cannot see; a default would cost time in these loops.

function shuffle2(source: Uint8Array, items: number, target: Uint8Array): void {
  for (let i = 0, at = 0; i < items; i++, at += 2) {
    target[i] = source[at] as number;
    target[items + i] = source[at + 1] as number;
  }
}

function shuffle4(source: Uint8Array, items: number, target: Uint8Array): void {
  const second = items * 2;
  const third = items * 3;
  for (let i = 0, at = 0; i < items; i++, at += 4) {
    target[i] = source[at] as number;
    target[items + i] = source[at + 1] as number;
    target[second + i] = source[at + 2] as number;
    target[third + i] = source[at + 3] as number;
  }
}

function shuffleHalf8(source: Uint8Array, items: number, target: Uint8Array, half: 0 | 4): void {
  const first = items * half;
  const second = first + items;
  const third = second + items;
  const fourth = third + items;
  for (let i = 0, at = half as number; i < items; i++, at += 8) {
    target[first + i] = source[at] as number;
    target[second + i] = source[at + 1] as number;
    target[third + i] = source[at + 2] as number;
    target[fourth + i] = source[at + 3] as number;
  }
}

function shuffleAny(source: Uint8Array, itemBytes: number, target: Uint8Array): void {
  for (let rank = 0, to = 0; rank < itemBytes; rank++) {
    for (let at = rank; at < source.length; at += itemBytes, to++) target[to] = source[at] as number;
  }
}
