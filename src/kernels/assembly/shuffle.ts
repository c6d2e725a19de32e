export function byteShuffle(from: usize, items: usize, itemBytes: usize, to: usize): void {
  for (let rank: usize = 0; rank < itemBytes; rank++) {
    let at = from + rank;
    for (const end = to + items; to < end; to++, at += itemBytes) store<u8>(to, load<u8>(at));
  }
}

export function byteUnshuffle(from: usize, items: usize, itemBytes: usize, to: usize): void {
  let done: usize = 0;
  if (itemBytes === 2) done = interleave2(from, items, to);
  else if (itemBytes === 4) done = interleave4(from, items, to);
  else if (itemBytes === 8) done = interleave8(from, items, to);
  for (let rank: usize = 0; rank < itemBytes; rank++) {
    let at = to + done * itemBytes + rank;
    const plane = from + rank * items;
    for (let i = done; i < items; i++, at += itemBytes) store<u8>(at, load<u8>(plane + i));
  }
}

/** Joins 16 items a step. Returns the items done, all but fewer than 16; so below. */
function interleave2(from: usize, items: usize, to: usize): usize {
  const whole = items & ~15;
  for (let i: usize = 0; i < whole; i += 16, to += 32) {
    const a = v128.load(from + i);
    const b = v128.load(from + items + i);
    v128.store(to, lowBytes(a, b));
    v128.store(to, highBytes(a, b), 16);
  }
  return whole;
}

function interleave4(from: usize, items: usize, to: usize): usize {
  const whole = items & ~15;
  const second = from + items;
  const third = second + items;
  const fourth = third + items;
  for (let i: usize = 0; i < whole; i += 16, to += 64) {
    const a = v128.load(from + i);
    const b = v128.load(second + i);
    const c = v128.load(third + i);
    const d = v128.load(fourth + i);
    const lowAb = lowBytes(a, b);
    const highAb = highBytes(a, b);
    const lowCd = lowBytes(c, d);
    const highCd = highBytes(c, d);
    v128.store(to, lowPairs(lowAb, lowCd));
    v128.store(to, highPairs(lowAb, lowCd), 16);
    v128.store(to, lowPairs(highAb, highCd), 32);
    v128.store(to, highPairs(highAb, highCd), 48);
  }
  return whole;
}

function interleave8(from: usize, items: usize, to: usize): usize {
  const whole = items & ~15;
  const half = items << 2;
  for (let i: usize = 0; i < whole; i += 16, to += 128) {
    const at = from + i;
    const a = v128.load(at);
    const b = v128.load(at + items);
    const c = v128.load(at + items * 2);
    const d = v128.load(at + items * 3);
    const e = v128.load(at + half);
    const f = v128.load(at + half + items);
    const g = v128.load(at + half + items * 2);
    const h = v128.load(at + half + items * 3);
    store8(to, lowBytes(a, b), lowBytes(c, d), lowBytes(e, f), lowBytes(g, h));
    store8(to + 64, highBytes(a, b), highBytes(c, d), highBytes(e, f), highBytes(g, h));
  }
  return whole;
}

/** Joins the byte pairs of 8 items. */
function store8(to: usize, ab: v128, cd: v128, ef: v128, gh: v128): void {
  const lowAd = lowPairs(ab, cd);
  const highAd = highPairs(ab, cd);
  const lowEh = lowPairs(ef, gh);
  const highEh = highPairs(ef, gh);
  v128.store(to, lowFours(lowAd, lowEh));
  v128.store(to, highFours(lowAd, lowEh), 16);
  v128.store(to, lowFours(highAd, highEh), 32);
  v128.store(to, highFours(highAd, highEh), 48);
}

function lowBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

function highBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

function lowPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}

function highPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}

function lowFours(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
}

function highFours(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
}
