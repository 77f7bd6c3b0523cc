import { MAX_WORDS } from '#libs/quotes/search.limits.ts';
import { bisect } from './bisect.ts';
import {
  type Bitmap,
  clearBit,
  countBits,
  createBitmap,
  forEachDown,
  intersect,
  popCount,
  subtract,
} from './bitmap.ts';
import { indexOf } from './pattern.search.ts';
import { isExactMask, shiftMask } from './position.mask.ts';
import type { Phrase } from './query.matcher.ts';
import { ELSEWHERE_MASK, MAX_SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import type { TermRange } from './segment.terms.ts';
import { addDocuments, commonRow, keepDocuments, termRange } from './segment.terms.ts';
import type { TermTable } from './term.table.ts';

/** Up to this many candidates, searching their tokens is quicker than reading position masks. */
const MAX_CANDIDATES_READ = 64;

/**
 * Finds the documents of a segment that hold a phrase. The bitmaps of its terms and of its common
 * pairs leave candidates. Their position masks decide which of these hold it, and their tokens
 * where the masks are not exact.
 */
export class PhraseFilter {
  readonly #table: TermTable;
  // Scratch memory, which every call overwrites.
  readonly #candidates = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #termBitmaps = createBitmap(MAX_WORDS * MAX_SEGMENT_DOCUMENTS);

  constructor(table: TermTable) {
    this.#table = table;
  }

  /**
   * Keeps the documents of `bits` that hold the phrase, or those that do not when it is not wanted.
   */
  filter(segment: Segment, phrase: Phrase, bits: Bitmap, isWanted: boolean): void {
    const { length } = segment.liveDocs;
    const candidates = this.#candidates;
    candidates.set(bits.subarray(0, length));
    const ranges = phrase.terms.map((term) => termRange(segment, this.#table, term));
    for (const range of ranges) keepDocuments(segment, [range], candidates);
    const isDecided = this.#keepPairs(segment, ranges) && ranges.length === 2;
    if (isWanted) bits.set(candidates.subarray(0, length));
    const count = countBits(candidates, length);
    if (isDecided) {
      if (!isWanted) subtract(bits, candidates, 0, length);
    } else if (count > MAX_CANDIDATES_READ) {
      this.#filterByPositionMasks(segment, phrase, ranges, bits, isWanted);
    } else if (count > 0) {
      forEachDown(candidates, length, (document) => {
        if (holds(segment, document, phrase) !== isWanted) clearBit(bits, document);
      });
    }
  }

  /**
   * Removes from #candidates the documents that lack a pair of neighbours, where that pair has a
   * bitmap. Returns whether the last pair has one.
   */
  #keepPairs(segment: Segment, ranges: TermRange[]): boolean {
    const { commonTerms, commonPairs, pairBitmaps } = segment;
    const { length } = segment.liveDocs;
    const rows = ranges.map(({ from, to }) => (from === to ? -1 : commonRow(segment, from)));
    let isFound = false;
    for (let i = 1; i < rows.length; i++) {
      const left = rows[i - 1] as number;
      const right = rows[i] as number;
      const pair = left < 0 || right < 0 ? -1 : left * commonTerms.length + right;
      const at = bisect(commonPairs.length, (other) => (commonPairs[other] as number) < pair);
      isFound = commonPairs[at] === pair;
      if (isFound) intersect(this.#candidates, pairBitmaps, at * length, length);
    }
    return isFound;
  }

  /** Filters those documents of `bits` that are candidates. */
  #filterByPositionMasks(
    segment: Segment,
    phrase: Phrase,
    termRanges: TermRange[],
    bits: Bitmap,
    isWanted: boolean,
  ): void {
    const { positionMasks, postingStarts, lengths, liveDocs } = segment;
    const bitmaps = termRanges.map((range, i) => this.#bitmap(segment, range, i));
    // The first posting of each term among the 32 documents of an element of its bitmap. The
    // postings of the documents are counted from there by the bits in front of theirs.
    const next = Int32Array.from(termRanges, ({ from }) => postingStarts[from] as number);
    for (let i = 0; i < liveDocs.length; i++) {
      for (let rest = this.#candidates[i] as number; rest !== 0; rest &= rest - 1) {
        const bit = rest & -rest;
        const document = i * 32 + 31 - Math.clz32(bit);
        const isExact = isExactMask(lengths[document] as number);
        const ends = masksAlign(positionMasks, bitmaps, next, i, bit, isExact);
        const isCertain = isExact && ends >= 0;
        const found = ends !== 0 && (isCertain || holds(segment, document, phrase));
        if (found !== isWanted) bits[i] = (bits[i] as number) & ~bit;
      }
      for (let t = 0; t < bitmaps.length; t++) {
        const bitmap = bitmaps[t] as Bitmap;
        next[t] = (next[t] as number) + popCount(bitmap[i] as number);
      }
    }
  }

  /**
   * The documents that hold a term. The bitmap of a rare term is made in scratch memory, at the
   * place `number`.
   */
  #bitmap(segment: Segment, range: TermRange, number: number): Bitmap {
    const { length } = segment.liveDocs;
    const row = commonRow(segment, range.from);
    if (row >= 0) return segment.commonBitmaps.subarray(row * length, (row + 1) * length);
    const made = this.#termBitmaps.subarray(number * length, (number + 1) * length).fill(0);
    addDocuments(segment, range, made);
    return made;
  }
}

/**
 * The positions where the terms of the bitmaps may end that stand one behind the other in a
 * document: that of `bit` in element `i`; negative when one of them stands in another field than
 * the text, whose positions no mask tells. `next` is the first posting of each term in that
 * element.
 */
function masksAlign(
  positionMasks: Uint16Array,
  bitmaps: Bitmap[],
  next: Int32Array,
  i: number,
  bit: number,
  isExact: boolean,
): number {
  let ends = 0xffff;
  let isElsewhere = false;
  for (let t = 0; t < bitmaps.length && ends !== 0; t++) {
    const bitmap = bitmaps[t] as Bitmap;
    const p = (next[t] as number) + popCount((bitmap[i] as number) & (bit - 1));
    const mask = positionMasks[p] as number;
    if (mask === ELSEWHERE_MASK) isElsewhere = true;
    ends = (t === 0 ? ends : shiftMask(ends, 1, isExact)) & mask;
  }
  return isElsewhere ? -ends : ends;
}

/** Whether the tokens of a document contain the bytes of the phrase. */
function holds({ tokens, tokenStarts }: Segment, document: number, phrase: Phrase): boolean {
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
