import { type Bitmap, createBitmap } from './bitmap.ts';
import type { ForwardIndex, Postings, Segment } from './segment.layout.ts';
import { MAX_DOCUMENT_TOKENS } from './segment.layout.ts';
import { readVarintsUpTo } from './varint.ts';

/**
 * Only one document in this many is read to find which pairs are common, since an estimate is
 * enough.
 */
const SAMPLE_STEP = 4;

/**
 * Bounds the memory of the counts, which grows with the square of the terms, to 4 MiB. Natural
 * language has fewer common terms, but clients may write anything.
 */
export const MAX_PAIR_TERMS = 1024;

/**
 * Finds the pairs of common terms that stand side by side in more than about as many documents as a
 * bitmap has elements, and the bitmaps of these documents.
 */
export function findCommonPairs(
  forward: ForwardIndex,
  postings: Postings,
  commonTerms: Uint32Array,
  bitmapLength: number,
): Pick<Segment, 'commonPairs' | 'pairBitmaps'> {
  // A pair is `left * rows.length + right` here, where `left` and `right` are indexes in `rows`.
  const rows = pairRows(postings, commonTerms);
  const places = placesByTerm(postings.terms, commonTerms, rows);
  const counts = new Uint32Array(rows.length ** 2);
  forEachPair(forward, places, rows.length, SAMPLE_STEP, (pair) => {
    counts[pair] = (counts[pair] as number) + SAMPLE_STEP;
  });
  const isCommon = (pair: number) => (counts[pair] as number) > bitmapLength;
  const pairs = counts.map((_, pair) => pair).filter(isCommon);
  if (pairs.length === 0) return { commonPairs: pairs, pairBitmaps: createBitmap(0) };

  // The place of each common pair in `pairs`, counted from 1; 0 for the other pairs.
  const placesByPair = counts.fill(0);
  pairs.forEach((pair, i) => {
    placesByPair[pair] = i + 1;
  });
  const pairBitmaps: Bitmap = new Uint32Array(pairs.length * bitmapLength);
  forEachPair(forward, places, rows.length, 1, (pair, document) => {
    const place = placesByPair[pair] as number;
    if (place === 0) return;
    const at = (place - 1) * bitmapLength + (document >>> 5);
    pairBitmaps[at] = (pairBitmaps[at] as number) | (1 << (document & 31));
  });
  const commonPairs = pairs.map((pair) => {
    const left = rows[Math.floor(pair / rows.length)] as number;
    const right = rows[pair % rows.length] as number;
    return left * commonTerms.length + right;
  });
  return { commonPairs, pairBitmaps };
}

/** Indexes in `commonTerms` of the MAX_PAIR_TERMS terms with the most postings; ascending. */
function pairRows({ postingStarts }: Postings, commonTerms: Uint32Array): Uint32Array {
  const rows = commonTerms.map((_, row) => row);
  if (rows.length <= MAX_PAIR_TERMS) return rows;
  const starts = commonTerms.map((i) => postingStarts[i] as number);
  const ends = commonTerms.map((i) => postingStarts[i + 1] as number);
  const count = (row: number) => (ends[row] as number) - (starts[row] as number);
  rows.sort((a, b) => count(b) - count(a));
  return rows.slice(0, MAX_PAIR_TERMS).sort();
}

/** By term number, the place of the term in `rows`, counted from 1; 0 for the other terms. */
function placesByTerm(terms: Uint32Array, common: Uint32Array, rows: Uint32Array): Uint16Array {
  const numbers = rows.map((row) => terms[common[row] as number] as number);
  const highest = numbers.reduce((max, term) => Math.max(max, term), 0);
  const places = new Uint16Array(highest + 1);
  numbers.forEach((term, i) => {
    places[term] = i + 1;
  });
  return places;
}

/**
 * Calls `visit` with every pair of terms that have a place and stand side by side, in every
 * `step`-th document.
 */
function forEachPair(
  { size, tokenStarts, tokens }: ForwardIndex,
  places: Uint16Array,
  count: number,
  step: number,
  visit: (pair: number, document: number) => void,
): void {
  const terms = new Uint32Array(MAX_DOCUMENT_TOKENS);
  for (let document = 0; document < size; document += step) {
    const from = tokenStarts[document] as number;
    const length = readVarintsUpTo(tokens, from, tokenStarts[document + 1] as number, terms);
    let left = 0;
    for (let i = 0; i < length; i++) {
      // The number of a term may be higher than those of all that have a place: `places` has no
      // element for it then.
      const right = places[terms[i] as number] ?? 0;
      if (left > 0 && right > 0) visit((left - 1) * count + right - 1, document);
      left = right;
    }
  }
}
