import { MAX_WORDS } from '#libs/quotes/search.limits.ts';
import { type Bitmap, countBits, createBitmap, forEachDown, hasBit } from './bitmap.ts';
import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';
import { isExactMask, minGap } from './position.mask.ts';
import { MAX_LINEAR_STEPS, seek } from './posting.seek.ts';
import type { QueryMatcher, WordMatcher } from './query.matcher.ts';
import { minCompetitiveBm25, packScore, singleImpact, WEIGHT_PER_IMPACT } from './ranking.ts';
import { MAX_DOCUMENT_TOKENS, MAX_SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import { readTokens } from './segment.reader.ts';
import type { TermRange } from './segment.terms.ts';
import { countPostings, keepDocuments, maxImpact, termRange } from './segment.terms.ts';
import type { TermTable } from './term.table.ts';
import type { TopHits } from './top.hits.ts';

/** What is the same for all documents of a tier. */
interface Tier {
  segment: Segment;
  matcher: QueryMatcher;
  top: TopHits;
  tier: number;
  /** The first posting of each word. */
  firsts: Uint32Array;
  /** The word that the documents hold only as a prefix, -1 when they hold all words exactly. */
  prefixWord: number;
  /** The word with the fewest postings, and the highest BM25 that the other words can add to it. */
  rarest: number;
  maxOthers: number;
}

/**
 * Offers the documents of a segment that match several words to the top hits. The postings of a document give an upper
 * bound of its score. Only a document whose bound is high enough to enter the top is read, for its exact proximity.
 */
export class SegmentRanker {
  readonly #table: TermTable;
  // Scratch, which every call uses anew.
  readonly #tokens = new Uint32Array(MAX_DOCUMENT_TOKENS);
  readonly #bits = createBitmap(MAX_SEGMENT_DOCUMENTS);
  /** The current posting of each word. Documents are visited downwards, so that these only ever move down. */
  readonly #cursors = new Int32Array(MAX_WORDS);

  constructor(table: TermTable) {
    this.#table = table;
  }

  /** Offers the documents of `matches`: those that hold all words exactly, then those that hold one as a prefix. */
  rank(segment: Segment, matcher: QueryMatcher, matches: Bitmap, top: TopHits): void {
    const { length } = segment.liveDocs;
    const ranges = matcher.words.map(({ term }) => termRange(segment, this.#table, term));
    const prefixWord = matcher.words.findIndex(({ prefixRange: { from, to } }) => from < to);
    const bits = this.#bits;
    bits.set(matches.subarray(0, length));
    if (prefixWord >= 0) keepDocuments(segment, [ranges[prefixWord] as TermRange], bits);
    this.#rankTier(segment, matcher, ranges, -1, bits, top);
    if (prefixWord < 0) return;
    // The others, in the same scratch.
    for (let i = 0; i < length; i++) bits[i] = (matches[i] as number) & ~(bits[i] as number);
    this.#rankTier(segment, matcher, ranges, prefixWord, bits, top);
  }

  /** Offers the documents of `bits`. `ranges` are the terms that are the words themselves. */
  #rankTier(
    segment: Segment,
    matcher: QueryMatcher,
    ranges: TermRange[],
    prefixWord: number,
    bits: Bitmap,
    top: TopHits,
  ): void {
    const { postingStarts } = segment;
    const tier = prefixWord < 0 ? 0 : 1;
    if (minCompetitiveBm25(top.minCompetitiveScore, tier) === Number.POSITIVE_INFINITY) return;
    let rarest = prefixWord === 0 ? 1 : 0;
    ranges.forEach((range, i) => {
      this.#cursors[i] = (postingStarts[range.to] as number) - 1;
      if (i === prefixWord) return;
      const least = countPostings(segment, ranges[rarest] as TermRange);
      if (countPostings(segment, range) < least) rarest = i;
    });
    let maxOthers = 0;
    ranges.forEach((range, i) => {
      if (i === rarest) return;
      const { idf } = matcher.words[i] as WordMatcher;
      maxOthers += i === prefixWord ? WEIGHT_PER_IMPACT * 255 : idf * maxImpact(segment, range);
    });
    const firsts = Uint32Array.from(ranges, ({ from }) => postingStarts[from] as number);
    const state = { segment, matcher, top, tier, firsts, prefixWord, rarest, maxOthers };
    const postingCount = countPostings(segment, ranges[rarest] as TermRange);
    const documentCount = countBits(bits, segment.liveDocs.length);
    // Seeking every document is quicker than reading every posting, when there are few enough documents.
    if (documentCount * MAX_LINEAR_STEPS < postingCount - 1) this.#rankDocuments(state, bits);
    else this.#rankPostings(state, bits);
  }

  /** Offers the documents of `bits`, whose postings of the rarest word are looked for one by one. */
  #rankDocuments(state: Tier, bits: Bitmap): void {
    const { segment, top, tier, rarest, maxOthers } = state;
    const { documents, impacts, liveDocs } = segment;
    const { idf } = state.matcher.words[rarest] as WordMatcher;
    const first = state.firsts[rarest] as number;
    let minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
    let p = this.#cursors[rarest] as number;
    forEachDown(bits, liveDocs.length, (document) => {
      p = seek(documents, p, first, document);
      if (idf * (impacts[p] as number) + maxOthers < minBm25) return;
      this.#cursors[rarest] = p;
      if (!this.#offer(state, document, minBm25)) return;
      minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
    });
  }

  /** Offers the documents of `bits` by reading all postings of the rarest word. */
  #rankPostings(state: Tier, bits: Bitmap): void {
    const { segment, top, tier, rarest, maxOthers } = state;
    const { documents, impacts } = segment;
    const { idf } = state.matcher.words[rarest] as WordMatcher;
    const first = state.firsts[rarest] as number;
    let minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
    for (let p = this.#cursors[rarest] as number; p >= first; p--) {
      if (idf * (impacts[p] as number) + maxOthers < minBm25) continue;
      const document = documents[p] as number;
      if (!hasBit(bits, document)) continue;
      this.#cursors[rarest] = p;
      if (!this.#offer(state, document, minBm25)) continue;
      minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
    }
  }

  /** Offers a document, unless its bound or its score is too low. Returns whether it did. */
  #offer(state: Tier, document: number, minBm25: number): boolean {
    const { segment, matcher, top, prefixWord } = state;
    let score = this.#maxScore(state, document, minBm25);
    if (DEBUG_ASSERTIONS) this.#assertBound(state, document, score);
    if (score < top.minCompetitiveScore) return false;
    // The bound is the score itself when it comes from the exact masks of all words.
    if (prefixWord >= 0 || !isExactMask(segment.lengths[document] as number)) {
      score = matcher.scoreWords(this.#tokens, readTokens(segment, document, this.#tokens));
      if (score < top.minCompetitiveScore) return false;
    }
    top.offer(segment.ids[document] as number, score);
    return true;
  }

  #assertBound({ segment, matcher, prefixWord }: Tier, document: number, bound: number): void {
    // It has too low a BM25, and was not looked at any further.
    if (bound === Number.NEGATIVE_INFINITY) return;
    const length = readTokens(segment, document, this.#tokens);
    const score = matcher.scoreWords(this.#tokens, length);
    assert(score <= bound, 'no score exceeds its bound');
    const isExact = prefixWord < 0 && isExactMask(length);
    assert(score === bound || !isExact, 'the bound from exact masks is the score');
  }

  /** An upper bound of the score of a document. Moves the cursors down to its postings. */
  #maxScore(state: Tier, document: number, minBm25: number): number {
    const { segment, matcher, firsts, prefixWord } = state;
    const { documents, impacts, positionMasks } = segment;
    const length = segment.lengths[document] as number;
    let bm25 = 0;
    for (let i = 0; i < firsts.length; i++) {
      if (i === prefixWord) {
        bm25 += WEIGHT_PER_IMPACT * singleImpact(length);
        continue;
      }
      const p = seek(documents, this.#cursors[i] as number, firsts[i] as number, document);
      this.#cursors[i] = p;
      bm25 += (matcher.words[i] as WordMatcher).idf * (impacts[p] as number);
    }
    if (bm25 < minBm25) return Number.NEGATIVE_INFINITY;
    let proximity = 0;
    for (let i = 1; i < firsts.length; i++) {
      if (i === prefixWord || i - 1 === prefixWord) continue;
      const left = positionMasks[this.#cursors[i - 1] as number] as number;
      const right = positionMasks[this.#cursors[i] as number] as number;
      proximity += minGap(left, right, isExactMask(length));
    }
    return packScore(prefixWord < 0 ? 0 : 1, proximity, bm25);
  }
}
