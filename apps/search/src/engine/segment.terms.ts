import { bisect } from './bisect.ts';
import type { Bitmap } from './bitmap.ts';
import { clearBit, createBitmap, intersect, setBit, setBits, subtract, unite } from './bitmap.ts';
import { MAX_SEGMENT_DOCUMENTS, POSTINGS_PER_BLOCK, type Segment } from './segment.layout.ts';
import { lowerBound } from './segment.reader.ts';
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

/** Scratch of keepDocuments(). */
const union = createBitmap(MAX_SEGMENT_DOCUMENTS);

/** The range of one term, which is NO_TERMS when no document of the segment holds it. */
export function termRange(segment: Segment, table: TermTable, term: number): TermRange {
  // A term is in no segment when no document holds it (-1), or only documents of the write buffer
  // do: it has no ordinal then, or one that means nothing, and is not found where that points.
  if (term < 0 || term >= table.ordinals.length) return NO_TERMS;
  const from = lowerBound(segment, table, table.ordinals[term] as number);
  return segment.terms[from] === term ? { from, to: from + 1 } : NO_TERMS;
}

export function ordinalRange(segment: Segment, table: TermTable, range: OrdinalRange): TermRange {
  const { from, to } = range;
  if (from === to) return NO_TERMS;
  return { from: lowerBound(segment, table, from), to: lowerBound(segment, table, to) };
}

export function countPostings({ postingStarts }: Segment, { from, to }: TermRange): number {
  return (postingStarts[to] as number) - (postingStarts[from] as number);
}

/**
 * The highest impact among the postings of the terms, or a higher one of a neighbour in the same
 * block.
 */
export function maxImpact(segment: Segment, { from, to }: TermRange): number {
  const { postingStarts, blockMaxImpacts } = segment;
  const last = Math.floor(((postingStarts[to] as number) - 1) / POSTINGS_PER_BLOCK);
  let block = Math.floor((postingStarts[from] as number) / POSTINGS_PER_BLOCK);
  let max = 0;
  for (; block <= last; block++) max = Math.max(max, blockMaxImpacts[block] as number);
  return max;
}

/** The place of the bitmap of `terms[i]` in `commonBitmaps`, or -1 when it has none. */
export function commonRow({ commonTerms }: Segment, i: number): number {
  const row = bisect(commonTerms.length, (at) => (commonTerms[at] as number) < i);
  return commonTerms[row] === i ? row : -1;
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
  let row = bisect(commonTerms.length, (at) => (commonTerms[at] as number) < from);
  for (; ; row++) {
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
