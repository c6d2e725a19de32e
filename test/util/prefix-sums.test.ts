import { expect, test } from "vitest";
import { createPrefixSums } from "../../src/util/prefix-sums.js";
import { range } from "../sampler/support.js";

const lists: Readonly<Record<string, (index: number) => number>> = {
  equal: () => 3,
  varied: (index) => (index * 7) % 5,
  "all at the front": (index) => (index < 5 ? 400 : 0),
  "all at the end": (index) => (index < 1995 ? 0 : 400),
  growing: (index) => Math.floor(index / 200),
  "one count": (index) => (index === 1234 ? 50 : 0),
};

test.each(Object.entries(lists))("%s: sums and their inverse, as by adding up", (_, countAt) => {
  for (const every of [1, 16, 1024, 5000]) {
    const sums = createPrefixSums(2000, every, countAt);
    let before = 0;
    const wrong: number[] = [];
    for (const index of range(2000)) {
      if (sums.before(index) !== before) wrong.push(index);
      for (const row of [0, countAt(index) - 1].filter((row) => row >= 0 && row < countAt(index))) {
        const found = sums.find(before + row);
        if (found.index !== index || found.before !== before) wrong.push(index);
      }
      before += countAt(index);
    }
    expect(wrong).toEqual([]);
    expect([sums.before(2000), sums.total]).toEqual([before, before]);
  }
});
