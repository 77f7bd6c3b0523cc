import { type Forward, type Inverted, MAX_TOKENS } from './segment.layout.ts';
import { readVarints } from './varint.ts';

/** Of so many documents one is looked at to find the pairs that are common. */
const SAMPLE = 4;

/** Finds the pairs of common terms that stand side by side in more than about `least` documents, and these. */
export function commonPairs(
  forward: Forward,
  terms: Uint32Array,
  common: Uint32Array,
  least: number,
): Pick<Inverted, 'pairs' | 'pairBitmaps'> {
  // By term number, the place in `common`, counted from 1.
  const rows = new Uint16Array(common.reduce((highest, i) => Math.max(highest, terms[i] as number), 0) + 1);
  common.forEach((i, row) => {
    rows[terms[i] as number] = row + 1;
  });
  const counts = new Uint32Array(common.length ** 2);
  forEachPair(forward, rows, common.length, SAMPLE, (pair) => {
    counts[pair] = (counts[pair] as number) + SAMPLE;
  });
  const pairs = counts.map((_, pair) => pair).filter((pair) => (counts[pair] as number) > least);
  pairs.forEach((pair, i) => {
    counts[pair] = i + 1;
  });
  const pairBitmaps = new Uint32Array(pairs.length * least);
  if (pairs.length === 0) return { pairs, pairBitmaps: new Uint32Array(0) };
  forEachPair(forward, rows, common.length, 1, (pair, document) => {
    const i = (counts[pair] as number) - 1;
    if (pairs[i] !== pair) return;
    const word = i * least + (document >>> 5);
    pairBitmaps[word] = (pairBitmaps[word] as number) | (1 << (document & 31));
  });
  return { pairs, pairBitmaps };
}

/** Visits every two common terms that stand side by side, in every so many-th document. */
function forEachPair(
  { size, starts, lengths, tokens }: Forward,
  rows: Uint16Array,
  count: number,
  step: number,
  visit: (pair: number, document: number) => void,
): void {
  const numbers = new Uint32Array(MAX_TOKENS);
  for (let document = 0; document < size; document += step) {
    const length = lengths[document] as number;
    readVarints(tokens, starts[document] as number, length, numbers, 0);
    let left = 0;
    for (let i = 0; i < length; i++) {
      // A term with a higher number than every common one is beyond the end of `rows`.
      const right = rows[numbers[i] as number] ?? 0;
      if (left > 0 && right > 0) visit((left - 1) * count + right - 1, document);
      left = right;
    }
  }
}
