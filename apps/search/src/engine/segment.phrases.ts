import { MAX_WORDS } from '#libs/quotes/search.limits.ts';
import { type Bitmap, clearBit, createBitmap, forEachDown, intersect, setBits } from './bitmap.ts';
import { indexOf } from './pattern.search.ts';
import { isExactMask, shiftMask } from './position.mask.ts';
import type { Phrase } from './query.matcher.ts';
import { ELSEWHERE_MASK, MAX_SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import { readCommonPair } from './segment.pairs.ts';
import {
  findPosting,
  keepDocuments,
  postingsOf,
  type TermPostings,
  type TermRange,
  termRange,
} from './segment.terms.ts';

/** A phrase in one segment. */
export interface SegmentPhrase {
  phrase: Phrase;
  ranges: TermRange[];
  /** By term. */
  postings: TermPostings[];
}

export function segmentPhrase(segment: Segment, phrase: Phrase): SegmentPhrase {
  const ranges = phrase.terms.map((term) => termRange(segment, term));
  return { phrase, ranges, postings: ranges.map((range) => postingsOf(segment, range)) };
}

// The position masks of the terms of a phrase in a document: scratch of holdsPhrase().
const masks = new Uint16Array(MAX_WORDS);

/**
 * Whether a document holds the phrase. The position masks of its terms decide, and the tokens where
 * they are not exact.
 */
export function holdsPhrase(
  segment: Segment,
  { phrase, postings }: SegmentPhrase,
  document: number,
): boolean {
  for (let t = 0; t < postings.length; t++) {
    const p = findPosting(segment, postings[t] as TermPostings, document);
    if (p < 0) return false;
    masks[t] = segment.positionMasks[p] as number;
  }
  return masksHold(segment, phrase, document);
}

/**
 * The same where the postings of the document are known.
 * @param lists the postings of each term in some documents, of which this one is number `k`
 */
export function holdsListedPhrase(
  segment: Segment,
  phrase: Phrase,
  document: number,
  lists: readonly Int32Array[],
  k: number,
): boolean {
  for (let t = 0; t < lists.length; t++) {
    masks[t] = segment.positionMasks[(lists[t] as Int32Array)[k] as number] as number;
  }
  return masksHold(segment, phrase, document);
}

/** Decides by `masks`, and by the tokens of the document where these are not exact. */
function masksHold(segment: Segment, phrase: Phrase, document: number): boolean {
  const { length } = phrase.terms;
  // Most documents end here. The masks of a short text only look as if it were longer, which holds
  // no fewer phrases.
  if (lastPlaces(length, false) === 0) return false;
  const isExact = isExactMask(segment.lengths[document] as number);
  const isElsewhere = masks.lastIndexOf(ELSEWHERE_MASK, length - 1) >= 0;
  return isExact && !isElsewhere
    ? lastPlaces(length, true) !== 0
    : tokensHold(segment, document, phrase);
}

/** The places where the first `length` of `masks` allow the last term of a phrase to stand. */
function lastPlaces(length: number, isExact: boolean): number {
  let places = masks[0] as number;
  for (let t = 1; t < length; t++) places = shiftMask(places, 1, isExact) & (masks[t] as number);
  return places;
}

// Scratch memory of filterPhrase().
const candidates = createBitmap(MAX_SEGMENT_DOCUMENTS);
const pairBits = createBitmap(MAX_SEGMENT_DOCUMENTS);

/**
 * Keeps the documents of `bits` that hold the phrase, or those that do not when it is not wanted.
 * The documents of its terms and of its common pairs are candidates. The documents of `bits` must
 * hold all terms of a phrase that is wanted.
 */
export function filterPhrase(
  segment: Segment,
  found: SegmentPhrase,
  bits: Bitmap,
  isWanted: boolean,
): void {
  const { ranges } = found;
  const { length } = segment.liveDocs;
  candidates.set(bits.subarray(0, length));
  if (!isWanted) for (const range of ranges) keepDocuments(segment, [range], candidates);
  const pairs = keepPairs(segment, found.postings);
  if (isWanted) bits.set(candidates.subarray(0, length));
  // A phrase of one pair is decided by its documents.
  const isDecided = pairs === 1 && ranges.length === 2;
  if (isDecided && isWanted) return;
  forEachDown(candidates, length, (document) => {
    const holds = isDecided || holdsPhrase(segment, found, document);
    if (holds !== isWanted) clearBit(bits, document);
  });
}

/**
 * Removes from `candidates` the documents where two common neighbours of the phrase do not stand
 * side by side. Returns how many such pairs it has.
 */
function keepPairs(segment: Segment, postings: TermPostings[]): number {
  const { length } = segment.liveDocs;
  let pairs = 0;
  for (let t = 1; t < postings.length; t++) {
    const left = (postings[t - 1] as TermPostings).row;
    const right = (postings[t] as TermPostings).row;
    if (left < 0 || right < 0) continue;
    pairs++;
    pairBits.fill(0, 0, length);
    const documents = readCommonPair(segment, left, right);
    setBits(pairBits, documents, 0, documents.length);
    intersect(candidates, pairBits, 0, length);
  }
  return pairs;
}

/** Whether the tokens of a document contain the bytes of the phrase. */
function tokensHold({ tokens, tokenStarts }: Segment, document: number, phrase: Phrase): boolean {
  const { bytes, byteBorders } = phrase;
  const start = tokenStarts[document] as number;
  const end = tokenStarts[document + 1] as number;
  for (let from = start; ; ) {
    const at = indexOf(tokens, from, end, bytes, byteBorders);
    if (at < 0) return false;
    // A number begins only behind the last byte of another one, whose top bit is clear.
    if (at === start || (tokens[at - 1] as number) < 0x80) return true;
    from = at + 1;
  }
}
