import { type Bitmap, createBitmap } from './bitmap.ts';
import { type ForwardIndex, MAX_DOCUMENT_TOKENS, type Segment } from './segment.layout.ts';
import { readVarints } from './varint.ts';

/** Only every fourth document is read to find which pairs are common: an estimate is enough for that. */
const SAMPLE_STEP = 4;

/**
 * Finds the pairs of common terms that stand side by side in more than about as many documents as a bitmap has
 * elements, and the bitmaps of these documents.
 */
export function findCommonPairs(
  forward: ForwardIndex,
  terms: Uint32Array,
  commonTerms: Uint32Array,
  bitmapLength: number,
): Pick<Segment, 'commonPairs' | 'pairBitmaps'> {
  const rows = rowsByTerm(terms, commonTerms);
  const counts = new Uint32Array(commonTerms.length ** 2);
  forEachPair(forward, rows, commonTerms.length, SAMPLE_STEP, (pair) => {
    counts[pair] = (counts[pair] as number) + SAMPLE_STEP;
  });
  const isCommon = (pair: number) => (counts[pair] as number) > bitmapLength;
  const commonPairs = counts.map((_, pair) => pair).filter(isCommon);
  if (commonPairs.length === 0) return { commonPairs, pairBitmaps: createBitmap(0) };

  // The place of each common pair in `commonPairs`, counted from 1; 0 for the other pairs.
  const places = counts.fill(0);
  commonPairs.forEach((pair, i) => {
    places[pair] = i + 1;
  });
  const pairBitmaps: Bitmap = new Uint32Array(commonPairs.length * bitmapLength);
  forEachPair(forward, rows, commonTerms.length, 1, (pair, document) => {
    const place = places[pair] as number;
    if (place === 0) return;
    const at = (place - 1) * bitmapLength + (document >>> 5);
    pairBitmaps[at] = (pairBitmaps[at] as number) | (1 << (document & 31));
  });
  return { commonPairs, pairBitmaps };
}

/** By term number, the place of the term in `commonTerms`, counted from 1; 0 for the other terms. */
function rowsByTerm(terms: Uint32Array, commonTerms: Uint32Array): Uint16Array {
  const highest = commonTerms.reduce((max, i) => Math.max(max, terms[i] as number), 0);
  const rows = new Uint16Array(highest + 1);
  commonTerms.forEach((i, row) => {
    rows[terms[i] as number] = row + 1;
  });
  return rows;
}

/** Calls `visit` with every pair of common terms that stand side by side, in every `step`-th document. */
function forEachPair(
  { size, tokenStarts, lengths, tokens }: ForwardIndex,
  rows: Uint16Array,
  commonCount: number,
  step: number,
  visit: (pair: number, document: number) => void,
): void {
  const terms = new Uint32Array(MAX_DOCUMENT_TOKENS);
  for (let document = 0; document < size; document += step) {
    const length = lengths[document] as number;
    readVarints(tokens, tokenStarts[document] as number, length, terms, 0);
    let left = 0;
    for (let i = 0; i < length; i++) {
      // The number of a term may be higher than those of all common ones: `rows` has no element for it then.
      const right = rows[terms[i] as number] ?? 0;
      if (left > 0 && right > 0) visit((left - 1) * commonCount + right - 1, document);
      left = right;
    }
  }
}
