import {
  type Bitmap,
  clearBit,
  countBits,
  createBitmap,
  forEachDown,
  isEmpty,
  unite,
} from './bitmap.ts';
import { FilterCache } from './filter.cache.ts';
import type { QueryMatcher, WordMatcher } from './query.matcher.ts';
import type { NumberFilters, QuoteSet } from './quote.selection.ts';
import { INFLECTION_TIER } from './ranking.ts';
import { MAX_DOCUMENT_TOKENS, MAX_SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import { PhraseFilter } from './segment.phrases.ts';
import { SegmentRanker } from './segment.ranking.ts';
import { readTokens } from './segment.reader.ts';
import {
  addDocuments,
  countPostings,
  keepDocuments,
  ordinalRange,
  removeDocuments,
  type TermRange,
  termRange,
} from './segment.terms.ts';
import type { TermTable } from './term.table.ts';
import type { TopHits } from './top.hits.ts';
import { rankByImpact, rankByLength } from './word.ranking.ts';

/** Reading a document costs about as much as marking this many postings. */
const POSTINGS_PER_READ = 100;
/**
 * At most this many documents of a segment are read without marking the postings of all words, if
 * that costs less.
 */
const MAX_DOCUMENTS_READ = 64;

/** Takes the documents of a set that match: the first `length` elements of a bitmap. */
export type VisitMatches<T extends QuoteSet> = (set: T, matches: Bitmap, length: number) => void;

/** Scores the tokens that were read, of which the first `length` are the text. */
type ScoreTokens = (count: number, length: number, lang: number) => number;

/**
 * Searches one segment after the other. The matches are found as bitmaps, which are counted for the
 * total. word.ranking.ts and segment.ranking.ts decide which of them enter the top hits.
 */
export class SegmentSearch {
  readonly #table: TermTable;
  readonly #phrases: PhraseFilter;
  readonly #ranker: SegmentRanker;
  readonly #filterCache = new FilterCache();
  // Scratch memory, which every call overwrites.
  readonly #tokens = new Uint32Array(MAX_DOCUMENT_TOKENS);
  readonly #matches = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #tierMatches = createBitmap(MAX_SEGMENT_DOCUMENTS);

  constructor(table: TermTable) {
    this.#table = table;
    this.#phrases = new PhraseFilter(table);
    this.#ranker = new SegmentRanker(table);
  }

  /**
   * Offers the matches of the segments to `top`. Returns how many there are.
   * @param filters undefined lets all documents pass
   * @param visit is called with the matches of each segment that has any
   */
  search(
    segments: Segment[],
    matcher: QueryMatcher,
    filters: NumberFilters | undefined,
    top: TopHits,
    visit?: VisitMatches<Segment>,
  ): number {
    let total = 0;
    for (const segment of segments) {
      const count = this.#searchSegment(segment, matcher, filters, top);
      if (count > 0) visit?.(segment, this.#matches, segment.liveDocs.length);
      total += count;
    }
    this.#ranker.readCandidates();
    return total;
  }

  /** Leaves the matches in #matches, if there are any. */
  #searchSegment(
    segment: Segment,
    matcher: QueryMatcher,
    filters: NumberFilters | undefined,
    top: TopHits,
  ): number {
    const [word] = matcher.words;
    if (word !== undefined && matcher.words.length === 1) {
      return this.#searchOne(segment, word, matcher, filters, top);
    }
    const found = matcher.words.map((word) => {
      const ranges = this.#rangesByTier(segment, word).flat();
      const cost = ranges.reduce((sum, range) => sum + countPostings(segment, range), 0);
      return { ranges, cost };
    });
    found.sort((a, b) => a.cost - b.cost);
    const [rarest] = found;
    if (rarest === undefined || rarest.cost === 0) return 0;

    const matches = this.#matches;
    matches.set(segment.liveDocs);
    const cost = found.reduce((sum, { cost }) => sum + cost, 0);
    if (rarest.cost <= MAX_DOCUMENTS_READ && rarest.cost * POSTINGS_PER_READ < cost) {
      keepDocuments(segment, rarest.ranges, matches);
      if (filters !== undefined) this.#filterCache.keep(segment, filters, matches);
      const scoreTokens: ScoreTokens = (...document) => matcher.score(this.#tokens, ...document);
      return this.#readMatches(segment, top, scoreTokens);
    }
    for (const { ranges } of found) {
      keepDocuments(segment, ranges, matches);
      if (isEmpty(matches, segment.liveDocs.length)) return 0;
    }
    this.#restrict(segment, matcher, filters, matches);
    // Where only the total is wanted, none has to be read.
    if (matcher.mustReadTokens && top.capacity > 0) {
      const scoreTokens: ScoreTokens = (...document) => {
        return matcher.scoreWords(this.#tokens, ...document);
      };
      return this.#readMatches(segment, top, scoreTokens);
    }
    const total = countBits(matches, segment.liveDocs.length);
    if (total > 0 && top.capacity > 0) this.#ranker.rank(segment, matcher, matches, top);
    return total;
  }

  /**
   * No document is read for a query of one word: its score follows from its tier and from one
   * posting or its length.
   */
  #searchOne(
    segment: Segment,
    word: WordMatcher,
    matcher: QueryMatcher,
    filters: NumberFilters | undefined,
    top: TopHits,
  ): number {
    const { liveDocs } = segment;
    const { length } = liveDocs;
    const matches = this.#matches.fill(0, 0, length);
    const bits = this.#tierMatches;
    this.#rangesByTier(segment, word).forEach((ranges, i) => {
      if (ranges.length === 0) return;
      bits.fill(0, 0, length);
      for (const range of ranges) addDocuments(segment, range, bits);
      // A document counts in its best tier only.
      for (let i = 0; i < length; i++) {
        bits[i] = (bits[i] as number) & (liveDocs[i] as number) & ~(matches[i] as number);
      }
      this.#restrict(segment, matcher, filters, bits);
      unite(matches, bits, 0, length);
      const tier = matcher.firstTier + i;
      if (i === 0) rankByImpact(segment, ranges[0] as TermRange, word.idf, tier, bits, top);
      else rankByLength(segment, tier, bits, top);
    });
    return countBits(matches, length);
  }

  /** The terms of the segment that match a word, by the tier that they put a document in. */
  #rangesByTier(segment: Segment, word: WordMatcher): TermRange[][] {
    const exact = termRange(segment, this.#table, word.term);
    const prefix = ordinalRange(segment, this.#table, word.prefixRange);
    const tiers = [
      exact.to > exact.from ? [exact] : [],
      prefix.to - prefix.from > exact.to - exact.from ? [prefix] : [],
      this.#inflectedRanges(segment, word),
    ];
    for (const [term, distance] of word.similar) {
      const range = termRange(segment, this.#table, term);
      if (range.to === range.from) continue;
      while (tiers.length <= INFLECTION_TIER + distance) tiers.push([]);
      (tiers[INFLECTION_TIER + distance] as TermRange[]).push(range);
    }
    return tiers;
  }

  #inflectedRanges(segment: Segment, { inflected }: WordMatcher): TermRange[] {
    const ranges: TermRange[] = [];
    for (const [term, languages] of inflected) {
      const { from, to } = termRange(segment, this.#table, term);
      if (from < to) ranges.push({ from, to, languages });
    }
    return ranges;
  }

  /**
   * Removes from `bits` the documents that the query excludes, that lack one of its phrases, or
   * that do not pass the filters.
   */
  #restrict(
    segment: Segment,
    matcher: QueryMatcher,
    filters: NumberFilters | undefined,
    bits: Bitmap,
  ): void {
    const { phrases, excluded } = matcher;
    for (const { terms } of excluded) {
      const [term] = terms;
      if (term === undefined || terms.length > 1) continue;
      removeDocuments(segment, termRange(segment, this.#table, term), bits);
    }
    if (filters !== undefined) this.#filterCache.keep(segment, filters, bits);
    for (const phrase of phrases) this.#phrases.filter(segment, phrase, bits, true);
    for (const phrase of excluded) {
      if (phrase.terms.length > 1) this.#phrases.filter(segment, phrase, bits, false);
    }
  }

  /**
   * Reads each document of #matches into #tokens, scores it, and removes it from there when it
   * does not match. Returns how many do.
   */
  #readMatches(segment: Segment, top: TopHits, scoreTokens: ScoreTokens): number {
    let total = 0;
    forEachDown(this.#matches, segment.liveDocs.length, (document) => {
      const count = readTokens(segment, document, this.#tokens);
      const { lengths, langs } = segment;
      const score = scoreTokens(count, lengths[document] as number, langs[document] as number);
      if (score < 0) {
        clearBit(this.#matches, document);
        return;
      }
      total++;
      if (score >= top.minCompetitiveScore) top.offer(segment.ids[document] as number, score);
    });
    return total;
  }
}
