import { bisect } from './bisect.ts';
import type { Bitmap } from './bitmap.ts';
import {
  clearBit,
  createBitmap,
  intersect,
  popCount,
  setBit,
  setBits,
  subtract,
  unite,
} from './bitmap.ts';
import { advance } from './posting.seek.ts';
import {
  ELEMENTS_PER_RANK,
  MAX_SEGMENT_DOCUMENTS,
  POSTINGS_PER_BLOCK,
  type Segment,
} from './segment.layout.ts';
import { lowerBound } from './segment.reader.ts';
import { findTerm } from './term.slots.ts';
import type { OrdinalRange, TermTable } from './term.table.ts';
import { stemmedLanguage } from './word.stems.ts';

/** Neighbouring terms of a segment: those from `terms[from]` up to, but without, `terms[to]`. */
export interface TermRange {
  from: number;
  to: number;
  /** Only in documents of these languages, a bit `1 << stemmedLanguage()` each; in all without. */
  languages?: number;
}

export const NO_TERMS: TermRange = { from: 0, to: 0 };

/** The postings of one term: those from `first` up to, but without, `end`. */
export interface TermPostings {
  first: number;
  end: number;
  /** The place of its bitmap in `commonBitmaps`, or -1 when it has none. */
  row: number;
}

const NO_POSTINGS: TermPostings = { first: 0, end: 0, row: -1 };

/** Scratch of keepDocuments(). */
const union = createBitmap(MAX_SEGMENT_DOCUMENTS);

/** The range of one term, which is NO_TERMS when no document of the segment holds it. */
export function termRange({ terms, termSlots }: Segment, term: number): TermRange {
  const from = findTerm(terms, termSlots, term);
  return from < 0 ? NO_TERMS : { from, to: from + 1 };
}

export function ordinalRange(segment: Segment, table: TermTable, range: OrdinalRange): TermRange {
  const { from, to } = range;
  if (from === to) return NO_TERMS;
  return { from: lowerBound(segment, table, from), to: lowerBound(segment, table, to) };
}

export function countPostings({ postingStarts }: Segment, { from, to }: TermRange): number {
  return (postingStarts[to] as number) - (postingStarts[from] as number);
}

/** The postings of the one term of the range, if it has one. */
export function postingsOf(segment: Segment, { from, to }: TermRange): TermPostings {
  if (from === to) return NO_POSTINGS;
  const first = segment.postingStarts[from] as number;
  const end = segment.postingStarts[to] as number;
  return { first, end, row: commonRow(segment, from) };
}

/**
 * The posting that a document has of a term; -1 when it does not hold the term.
 * @param from a posting that is not behind it
 */
export function findPosting(
  segment: Segment,
  postings: TermPostings,
  document: number,
  from = postings.first,
): number {
  const { first, end, row } = postings;
  if (row < 0) {
    const p = advance(segment.documents, from, end, document);
    return p < end && segment.documents[p] === document ? p : -1;
  }
  const { commonBitmaps, commonRanks, liveDocs } = segment;
  const start = row * liveDocs.length;
  const at = document >>> 5;
  const element = commonBitmaps[start + at] as number;
  const bit = 1 << (document & 31);
  if ((element & bit) === 0) return -1;
  const group = Math.floor(at / ELEMENTS_PER_RANK);
  let p = first + (commonRanks[row * rankStride(liveDocs.length) + group] as number);
  for (let i = group * ELEMENTS_PER_RANK; i < at; i++) {
    p += popCount(commonBitmaps[start + i] as number);
  }
  return p + popCount(element & (bit - 1));
}

/** How many ranks a bitmap has. */
export function rankStride(bitmapLength: number): number {
  return Math.ceil(bitmapLength / ELEMENTS_PER_RANK);
}

/**
 * The highest impact among the postings of the term, or a higher one of a neighbour in the same
 * block.
 */
export function maxImpact({ blockMaxImpacts }: Segment, { first, end }: TermPostings): number {
  const last = Math.floor((end - 1) / POSTINGS_PER_BLOCK);
  let max = 0;
  for (let block = Math.floor(first / POSTINGS_PER_BLOCK); block <= last; block++) {
    max = Math.max(max, blockMaxImpacts[block] as number);
  }
  return max;
}

/** The place of the bitmap of `terms[i]` in `commonBitmaps`, or -1 when it has none. */
export function commonRow(segment: Segment, i: number): number {
  const { postingStarts, liveDocs } = segment;
  // None is so rare, see findCommonTerms().
  const count = (postingStarts[i + 1] as number) - (postingStarts[i] as number);
  if (count <= liveDocs.length) return -1;
  const row = firstCommonRow(segment, i);
  return segment.commonTerms[row] === i ? row : -1;
}

/** The place of the first bitmap of a term from `terms[i]` on. */
export function firstCommonRow({ commonTerms }: Segment, i: number): number {
  return bisect(commonTerms.length, (at) => (commonTerms[at] as number) < i);
}

/** Adds to `bits` the documents that hold any of the terms. */
export function addDocuments(segment: Segment, range: TermRange, bits: Bitmap): void {
  if (range.languages !== undefined) {
    addDocumentsIn(segment, range, range.languages, bits);
    return;
  }
  const { from, to } = range;
  const { commonTerms, commonBitmaps, documents, postingStarts } = segment;
  const { length } = segment.liveDocs;
  let next = from;
  for (let row = firstCommonRow(segment, from); ; row++) {
    // The postings up to the next common term, then the bitmap of that one, if there is one.
    const common = Math.min(commonTerms[row] ?? to, to);
    setBits(bits, documents, postingStarts[next] as number, postingStarts[common] as number);
    if (common === to) return;
    unite(bits, commonBitmaps, row * length, length);
    next = common + 1;
  }
}

/** Adds to `bits` the documents of these languages that hold any of the terms. */
function addDocumentsIn(
  { documents, postingStarts, langs }: Segment,
  { from, to }: TermRange,
  languages: number,
  bits: Bitmap,
): void {
  const end = postingStarts[to] as number;
  for (let p = postingStarts[from] as number; p < end; p++) {
    const document = documents[p] as number;
    const language = stemmedLanguage(langs[document] as number);
    if ((languages & (1 << language)) !== 0) setBit(bits, document);
  }
}

/** Removes from `bits` the documents that hold none of the terms. */
export function keepDocuments(segment: Segment, ranges: TermRange[], bits: Bitmap): void {
  const { length } = segment.liveDocs;
  const [first = NO_TERMS] = ranges;
  const isOneTerm =
    ranges.length === 1 && first.to === first.from + 1 && first.languages === undefined;
  const row = isOneTerm ? commonRow(segment, first.from) : -1;
  if (row >= 0) {
    intersect(bits, segment.commonBitmaps, row * length, length);
    return;
  }
  union.fill(0, 0, length);
  for (const range of ranges) addDocuments(segment, range, union);
  intersect(bits, union, 0, length);
}

/** Removes from `bits` the documents that hold the one term of the range, if it has one. */
export function removeDocuments(segment: Segment, { from, to }: TermRange, bits: Bitmap): void {
  const { documents, postingStarts, commonBitmaps } = segment;
  const { length } = segment.liveDocs;
  const row = from === to ? -1 : commonRow(segment, from);
  if (row >= 0) {
    subtract(bits, commonBitmaps, row * length, length);
    return;
  }
  const end = postingStarts[to] as number;
  for (let p = postingStarts[from] as number; p < end; p++) clearBit(bits, documents[p] as number);
}
