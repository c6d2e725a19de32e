const SYLLABLES =
  "ba ce di fo gu ha in jo ka lé mi no or pa que ra se ti un va we xi yo za ón st tr pl ch th er en al ar".split(" ");
const VOCABULARY = 8_000;
const MEDIAN_BYTES = 400;
const SPREAD = 0.6; // standard deviation of the logarithm of the length
const MIN_BYTES = 20;
const MAX_BYTES = 8_000;

/** Texts of made-up words with Zipf's frequencies, in sentences; lengths log-normal around a median of 400 bytes. Each call gives the UTF-8 of one. */
export function createTexts(random: () => number): () => Uint8Array {
  const words = Array.from({ length: VOCABULARY }, () => makeWord(random));
  const cumulative = new Float64Array(VOCABULARY);
  let sum = 0;
  for (let rank = 0; rank < VOCABULARY; rank++) {
    sum += 1 / (rank + 2.7);
    cumulative[rank] = sum;
  }
  const uniform = () => (random() + 0.5) / 2 ** 32;
  const word = () => words[firstAbove(cumulative, uniform() * sum)] ?? "";
  return () => {
    const wanted = lengthOf(uniform(), uniform());
    let text = "";
    while (text.length < wanted) text += sentence(word, random);
    return Buffer.from(text.slice(0, wanted), "utf8");
  };
}

function makeWord(random: () => number): string {
  let word = "";
  for (let parts = 2 + (random() % 4); parts > 0; parts--) word += SYLLABLES[random() % SYLLABLES.length];
  return word;
}

function sentence(word: () => string, random: () => number): string {
  const first = word();
  const rest = Array.from({ length: 4 + (random() % 14) }, word);
  return `${first.charAt(0).toUpperCase()}${[first.slice(1), ...rest].join(" ")}. `;
}

/** Log-normal from two uniform numbers (Box and Muller, 1958). */
function lengthOf(u: number, v: number): number {
  const normal = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  return Math.round(Math.min(MAX_BYTES, Math.max(MIN_BYTES, MEDIAN_BYTES * Math.exp(SPREAD * normal))));
}

function firstAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
