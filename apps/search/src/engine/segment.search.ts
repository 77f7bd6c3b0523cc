import { type Bitmap, countBits, createBitmap, isEmpty, setBit, setBits } from './bitmap.ts';
import { FilterCache } from './filter.cache.ts';
import type { Phrase, QueryMatcher } from './query.matcher.ts';
import type { NumberFilters, QuoteSet } from './quote.selection.ts';
import { Conjunction } from './segment.conjunction.ts';
import { MAX_DOCUMENT_TOKENS, MAX_SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import { filterPhrase, holdsListedPhrase, holdsPhrase, segmentPhrase } from './segment.phrases.ts';
import { SegmentRanker } from './segment.ranking.ts';
import { readTokens } from './segment.reader.ts';
import { keepDocuments, removeDocuments, termRange } from './segment.terms.ts';
import { type SegmentQuery, type SegmentWord, segmentWords } from './segment.words.ts';
import type { TermTable } from './term.table.ts';
import type { TopHits } from './top.hits.ts';
import { searchWord } from './word.search.ts';

/** Reading a document of all fields takes about as long as running through this many postings. */
const POSTINGS_PER_READ = 1000;

/** Takes the documents of a set that match: the first `length` elements of a bitmap. */
export type VisitMatches<T extends QuoteSet> = (set: T, matches: Bitmap, length: number) => void;

/**
 * Searches the segments. Documents that match are found by word.search.ts when the query has one
 * word, as a list when one of several words is rare, and as a bitmap otherwise. segment.ranking.ts
 * decides which of these enter the top hits.
 */
export class SegmentSearch {
  readonly #table: TermTable;
  readonly #ranker = new SegmentRanker();
  readonly #conjunction = new Conjunction();
  readonly #filterCache = new FilterCache();
  // Scratch memory, which every call overwrites.
  readonly #tokens = new Uint32Array(MAX_DOCUMENT_TOKENS);
  readonly #matches = createBitmap(MAX_SEGMENT_DOCUMENTS);

  constructor(table: TermTable) {
    this.#table = table;
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
    const queries: SegmentQuery[] = [];
    for (const segment of segments) {
      const words = segmentWords(segment, this.#table, matcher);
      if (words.some(({ cost }) => cost === 0)) continue;
      const allowed = this.#allowed(segment, matcher, words, filters);
      queries.push({ segment, matcher, words, allowed });
    }
    this.#ranker.begin(matcher);
    const isOneWord = matcher.words.length === 1;
    // The best hits come first, so that most of the others need not be looked at.
    if (!isOneWord && !matcher.mustReadTokens && top.capacity > 0) {
      for (const query of queries) this.#ranker.rankNeighbours(query, top);
    }
    let total = 0;
    for (const query of queries) {
      const isVisited = visit !== undefined;
      const count = isOneWord
        ? this.#searchOne(query, top, isVisited)
        : this.#searchSegment(query, top, isVisited);
      if (count > 0) visit?.(query.segment, this.#matches, query.segment.liveDocs.length);
      total += count;
    }
    if (isOneWord) return total;
    this.#ranker.rankQueue(matcher.words.length, top);
    this.#ranker.rankInflectedQueue();
    this.#ranker.readCandidates(top);
    return total;
  }

  /**
   * The live documents of the segment that pass the filters, without those that hold an excluded
   * word; undefined when these are all. With filters, only those that hold the rarest word: of few
   * documents each is filtered, of many the filter is kept.
   */
  #allowed(
    segment: Segment,
    { excluded }: QueryMatcher,
    words: SegmentWord[],
    filters: NumberFilters | undefined,
  ): Bitmap | undefined {
    const without = excluded.filter(({ terms }) => terms.length === 1);
    const allLive = segment.liveDocCount === segment.size;
    if (without.length === 0 && filters === undefined) {
      return allLive ? undefined : segment.liveDocs;
    }
    const allowed = segment.liveDocs.slice();
    for (const { terms } of without) {
      removeDocuments(segment, termRange(segment, terms[0] as number), allowed);
    }
    if (filters === undefined) return allowed;
    const rarest = words.reduce((least, word) => (word.cost < least.cost ? word : least));
    keepDocuments(segment, rarest.tiers.flat(), allowed);
    this.#filterCache.keep(segment, filters, allowed);
    return allowed;
  }

  /** Searches for a query of one word. Leaves what matches in #matches when it is to be visited. */
  #searchOne(query: SegmentQuery, top: TopHits, isVisited: boolean): number {
    const { segment, matcher, words, allowed } = query;
    const { firstTier } = matcher;
    const word = words[0] as SegmentWord;
    if (!isVisited && !hasPhrases(matcher)) {
      return searchWord(segment, word, allowed, firstTier, top);
    }
    // Such phrases repeat the word, or are excluded.
    const matches = this.#startMatches(query);
    keepDocuments(segment, word.tiers.flat(), matches);
    this.#filterPhrases(query, matches);
    return searchWord(segment, word, matches, firstTier, top);
  }

  /** Searches for a query of several words, in the same way. */
  #searchSegment(query: SegmentQuery, top: TopHits, isVisited: boolean): number {
    const { segment, matcher, words, allowed } = query;
    const byCost = words.toSorted((a, b) => a.cost - b.cost);
    const rarest = byCost[0] as SegmentWord;
    if (Conjunction.canGather(segment, rarest)) {
      const found = this.#conjunction;
      found.gather(segment, rarest, words.indexOf(rarest), allowed);
      this.#keepPairs(query);
      const others = byCost.slice(1);
      const steps = others.reduce((sum, word) => sum + found.steps(word), 0);
      if (found.size * POSTINGS_PER_READ <= steps) return this.#readGathered(query, top);
      // Lists do not know the postings of similar terms.
      if (!matcher.mustReadTokens) {
        const count = this.#searchList(query, byCost, top);
        if (isVisited) this.#markListed(segment);
        return count;
      }
    }
    const { length } = segment.liveDocs;
    const matches = this.#startMatches(query);
    for (const { tiers } of byCost) {
      keepDocuments(segment, tiers.flat(), matches);
      if (isEmpty(matches, length)) return 0;
    }
    this.#filterPhrases(query, matches);
    const total = countBits(matches, length);
    if (total === 0 || top.capacity === 0) return total;
    if (matcher.mustReadTokens) this.#ranker.rankSimilar(query, matches, top);
    else this.#ranker.rank(query, matches, top);
    return total;
  }

  /** #matches as the documents of #conjunction. */
  #markListed({ liveDocs }: Segment): void {
    const { documents, size } = this.#conjunction;
    setBits(this.#matches.fill(0, 0, liveDocs.length), documents, 0, size);
  }

  /** Searches from the list of the documents that hold the rarest word. */
  #searchList(query: SegmentQuery, byCost: SegmentWord[], top: TopHits): number {
    const { segment, words } = query;
    const found = this.#conjunction;
    for (const word of byCost) {
      if (found.size === 0) return 0;
      found.keep(segment, word, words.indexOf(word));
    }
    this.#keepPhrases(query);
    if (top.capacity > 0) this.#ranker.queue(query, found, top);
    return found.size;
  }

  /** Drops from #conjunction documents that lack common neighbours of a phrase. */
  #keepPairs({ segment, words, matcher }: SegmentQuery): void {
    for (const phrase of matcher.phrases) {
      for (let t = 1; t < phrase.words.length; t++) {
        const left = (words[phrase.words[t - 1] as number] as SegmentWord).exact;
        const right = (words[phrase.words[t] as number] as SegmentWord).exact;
        if (left.row >= 0 && right.row >= 0) {
          this.#conjunction.keepPair(segment, left.row, right.row);
        }
      }
    }
  }

  /** Drops from #conjunction what lacks a phrase, or holds one that is excluded. */
  #keepPhrases({ segment, matcher }: SegmentQuery): void {
    const found = this.#conjunction;
    for (const phrase of matcher.phrases) {
      const lists = phrase.words.map((i) => found.postings[i] as Int32Array);
      found.filter((document, k) => holdsListedPhrase(segment, phrase, document, lists, k));
    }
    for (const phrase of excludedPhrases(matcher)) {
      const excluded = segmentPhrase(segment, phrase);
      found.filter((document) => !holdsPhrase(segment, excluded, document));
    }
  }

  /** #matches as the documents that are allowed. */
  #startMatches({ segment, allowed }: SegmentQuery): Bitmap {
    this.#matches.set(allowed ?? segment.liveDocs);
    return this.#matches;
  }

  /** Removes from `bits` the documents that lack a phrase, or hold one that is excluded. */
  #filterPhrases({ segment, matcher }: SegmentQuery, bits: Bitmap): void {
    for (const phrase of matcher.phrases) {
      filterPhrase(segment, segmentPhrase(segment, phrase), bits, true);
    }
    for (const phrase of excludedPhrases(matcher)) {
      filterPhrase(segment, segmentPhrase(segment, phrase), bits, false);
    }
  }

  /**
   * Reads and scores each document of #conjunction. Returns how many match, and leaves these in
   * #matches.
   */
  #readGathered({ segment, matcher }: SegmentQuery, top: TopHits): number {
    // Its documents are valid only after a filter.
    this.#conjunction.filter(() => true);
    const { documents, size } = this.#conjunction;
    const { lengths, langs, liveDocs } = segment;
    const matches = this.#matches.fill(0, 0, liveDocs.length);
    let total = 0;
    for (let k = size - 1; k >= 0; k--) {
      const document = documents[k] as number;
      const count = readTokens(segment, document, this.#tokens);
      const [length, lang] = [lengths[document] as number, langs[document] as number];
      const score = matcher.score(this.#tokens, count, length, lang);
      if (score < 0) continue;
      total++;
      setBit(matches, document);
      if (score >= top.minCompetitiveScore) top.offer(segment.ids[document] as number, score);
    }
    return total;
  }
}

function hasPhrases(matcher: QueryMatcher): boolean {
  return matcher.phrases.length > 0 || excludedPhrases(matcher).length > 0;
}

function excludedPhrases({ excluded }: QueryMatcher): Phrase[] {
  return excluded.filter(({ terms }) => terms.length > 1);
}
