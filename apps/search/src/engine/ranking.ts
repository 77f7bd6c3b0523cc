/**
 * The order of hits, shared by every engine. A document's `score` packs, from the most to the least telling:
 *
 * 1. Its tier: 0 when every word stands in it exactly, 1 when the last one does only as a prefix, 1 + typos when any needs typos. A word that
 *    matches in several ways counts by its best: exactly, then as a prefix, then with the fewest typos (optimal string alignment distance).
 *    Typos are tried only when fewer than FEW_HITS documents match without; one is forgiven from 5 letters, two from 9, the first letter too. They are
 *    forgiven in the TYPO_WORDS rarest words of the query that are long enough (equally rare: in the first ones), and a word is taken for at most TYPO_TERMS
 *    terms that documents hold: those with the fewest typos, of these the most frequent ones, of these the first in text order.
 * 2. Its proximity: summed over neighbouring words of the query, how many words stand between them at the closest (1 more when they stand in
 *    reverse), at most FAR each. A word stands where its best matches are; two words never share one token.
 * 3. Its BM25 (Robertson and Zaragoza, 2009) over the words matched exactly, with a fixed average length, so that a document's weight never
 *    changes as others come and go, and that weight rounded to a byte. A word matched inexactly counts as one occurrence at an idf of 1.
 *
 * Equal scores: the newest, which is the highest id, first.
 */
export const FEW_HITS = 10;
export const FAR = 8;
export const TYPO_WORDS = 4;
export const TYPO_TERMS = 50;

const K1 = 1.2;
const B = 0.75;
const AVERAGE_LENGTH = 16;
const MAX_WEIGHT = K1 + 1;

// At most 2 typos in each of TYPO_WORDS words, and 15 gaps of FAR at most between MAX_WORDS words: a tier outweighs any proximity.
const TIERS = 66;
const TIER = 256;
/** The BM25 that is worth half of what BM25 can add. */
const SATURATION = 8;

/** Typos forgiven in a word of that many characters. */
export function typosAllowed(length: number): number {
  if (length >= 9) return 2;
  return length >= 5 ? 1 : 0;
}

/** BM25's weight of a term that stands `frequency` times among a document's `length` tokens, as a byte from 1 to 255. */
export function impact(frequency: number, length: number): number {
  const weight = (frequency * (K1 + 1)) / (frequency + K1 * (1 - B + (B * length) / AVERAGE_LENGTH));
  return Math.max(1, Math.round((weight / MAX_WEIGHT) * 255));
}

const IMPACT_ONCE = Uint8Array.from({ length: 4096 }, (_, length) => impact(1, length));

/** `impact(1, length)` from a table: the weight of every word matched inexactly. */
export function impactOnce(length: number): number {
  return IMPACT_ONCE[length] ?? impact(1, length);
}

/** BM25's inverse document frequency of a term that stands in `matching` of `documents`, scaled for an impact byte. */
export function idf(documents: number, matching: number): number {
  return Math.log(1 + (documents - matching + 0.5) / (matching + 0.5)) * UNIT;
}

/** What multiplies the impact byte of a word matched inexactly. */
export const UNIT = MAX_WEIGHT / 255;

/** The score, between 0 and 1, of a document of that tier, proximity and BM25. */
export function score(tier: number, proximity: number, bm25: number): number {
  return 1 - (tier * TIER + proximity + 1 - bm25 / (bm25 + SATURATION)) / (TIERS * TIER);
}

/** A BM25 below which no document of that tier reaches `least`, however close its words; Infinity when none does at all. */
export function bm25Needed(least: number, tier: number): number {
  // The slack covers the rounding of score(): a document too many is looked at, never one too few.
  const share = tier * TIER + 1 - (1 - least) * TIERS * TIER - 1e-10;
  if (share <= 0) return 0;
  return share < 1 ? (SATURATION * share) / (1 - share) : Number.POSITIVE_INFINITY;
}

/** Code points of the two words compared, and the last three rows of the distance table: kept, since allocating them takes longer than using them. */
const left: number[] = [];
const right: number[] = [];
let [before, above, row]: [number[], number[], number[]] = [[], [], []];

/**
 * The optimal string alignment distance of two words in code points: insertions, deletions, substitutions and swaps of neighbours, none touching
 * a place twice; Infinity when it exceeds `most`.
 */
export function typos(word: string, other: string, most: number): number {
  const m = codePoints(word, left);
  const n = codePoints(other, right);
  if (Math.abs(m - n) > most) return Number.POSITIVE_INFINITY;
  for (let j = 0; j <= n; j++) above[j] = j;
  let leastAbove = 0;
  for (let i = 1; i <= m; i++) {
    const least = nextRow(i, n);
    // A swap reaches back two rows: only when both are too far, all that follows is.
    if (least > most && leastAbove > most) return Number.POSITIVE_INFINITY;
    leastAbove = least;
    [before, above, row] = [above, row, before];
  }
  const distance = above[n] as number;
  return distance > most ? Number.POSITIVE_INFINITY : distance;
}

/** Fills `row`, the distances of the first i code points of the one word to all beginnings of the other; returns the least. */
function nextRow(i: number, n: number): number {
  row[0] = i;
  let least = i;
  const letter = left[i - 1];
  for (let j = 1; j <= n; j++) {
    const other = right[j - 1];
    let cost = Math.min(
      (above[j] as number) + 1,
      (row[j - 1] as number) + 1,
      (above[j - 1] as number) + (letter === other ? 0 : 1),
    );
    if (i > 1 && j > 1 && letter === right[j - 2] && left[i - 2] === other)
      cost = Math.min(cost, (before[j - 2] as number) + 1);
    row[j] = cost;
    if (cost < least) least = cost;
  }
  return least;
}

function codePoints(word: string, into: number[]): number {
  let length = 0;
  for (const character of word) into[length++] = character.codePointAt(0) as number;
  return length;
}
