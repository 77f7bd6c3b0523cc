import { type Bitmap, countBits, createBitmap, forEachDown } from './bitmap.ts';
import type { Phrase, QueryMatcher } from './query.matcher.ts';
import { Conjunction } from './segment.conjunction.ts';
import { MAX_DOCUMENT_TOKENS, MAX_SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import { filterPhrase, holdsPhrase, segmentPhrase } from './segment.phrases.ts';
import { SegmentRanker } from './segment.ranking.ts';
import { readTokens } from './segment.reader.ts';
import { keepDocuments, removeDocuments, termRange } from './segment.terms.ts';
import { type SegmentQuery, type SegmentWord, segmentWords } from './segment.words.ts';
import type { TermTable } from './term.table.ts';
import type { TopHits } from './top.hits.ts';
import { searchWord } from './word.search.ts';

/** Reading a document costs about as much as running through this many postings. */
const POSTINGS_PER_READ = 100;

/**
 * Searches the segments. Documents that match are found by word.search.ts when the query has one
 * word, as a list when one of several words is rare, and as a bitmap otherwise. segment.ranking.ts
 * decides which of these enter the top hits.
 */
export class SegmentSearch {
  readonly #table: TermTable;
  readonly #ranker = new SegmentRanker();
  readonly #conjunction = new Conjunction();
  // Scratch memory, which every call overwrites.
  readonly #tokens = new Uint32Array(MAX_DOCUMENT_TOKENS);
  readonly #matches = createBitmap(MAX_SEGMENT_DOCUMENTS);

  constructor(table: TermTable) {
    this.#table = table;
  }

  /** Offers the matches of the segments to `top`. Returns how many there are. */
  search(
    segments: Segment[],
    matcher: QueryMatcher,
    user: number | undefined,
    top: TopHits,
  ): number {
    const queries = segments.map((segment) => this.#prepare(segment, matcher, user));
    let total = 0;
    if (matcher.words.length === 1) {
      for (const query of queries) total += this.#searchOne(query, top);
      return total;
    }
    // The best hits come first, so that most of the others need not be looked at.
    if (!matcher.mustReadTokens) {
      for (const query of queries) this.#ranker.rankNeighbours(query, this.#table, top);
    }
    for (const query of queries) total += this.#searchSegment(query, top);
    this.#ranker.rankQueue(matcher.words.length, top);
    this.#ranker.readCandidates(top);
    return total;
  }

  #prepare(segment: Segment, matcher: QueryMatcher, user: number | undefined): SegmentQuery {
    const words = segmentWords(segment, this.#table, matcher);
    return { segment, matcher, words, allowed: this.#allowed(segment, matcher, user) };
  }

  /**
   * The live documents of the segment, without those that hold an excluded word, or that the user
   * did not sign; undefined when these are all.
   */
  #allowed(
    segment: Segment,
    { excluded }: QueryMatcher,
    user: number | undefined,
  ): Bitmap | undefined {
    const words = excluded.filter(({ terms }) => terms.length === 1);
    const allLive = segment.liveDocCount === segment.size;
    if (allLive && words.length === 0 && user === undefined) return undefined;
    if (words.length === 0 && user === undefined) return segment.liveDocs;
    const allowed = segment.liveDocs.slice();
    for (const { terms } of words) {
      removeDocuments(segment, termRange(segment, this.#table, terms[0] as number), allowed);
    }
    if (user !== undefined) keepSigned(segment, user, allowed);
    return allowed;
  }

  /** Searches for a query of one word. */
  #searchOne(query: SegmentQuery, top: TopHits): number {
    const { segment, matcher, words, allowed } = query;
    const word = words[0] as SegmentWord;
    if (word.cost === 0) return 0;
    if (!hasPhrases(matcher)) return searchWord(segment, word, allowed, top);
    // Such phrases repeat the word, or are excluded.
    const matches = this.#startMatches(query);
    keepDocuments(segment, word.tiers.flat(), matches);
    this.#filterPhrases(query, matches);
    return searchWord(segment, word, matches, top);
  }

  /** Searches for a query of several words. */
  #searchSegment(query: SegmentQuery, top: TopHits): number {
    const { segment, matcher, words, allowed } = query;
    const byCost = words.toSorted((a, b) => a.cost - b.cost);
    const rarest = byCost[0] as SegmentWord;
    if (rarest.cost === 0) return 0;
    if (Conjunction.canGather(segment, rarest)) {
      const found = this.#conjunction;
      found.gather(segment, rarest, words.indexOf(rarest), allowed);
      const others = byCost.slice(1);
      const steps = others.reduce((sum, word) => sum + found.steps(word), 0);
      if (found.size * POSTINGS_PER_READ <= steps) return this.#readGathered(query, top);
      if (!matcher.mustReadTokens) return this.#searchList(query, byCost, top);
    }
    const matches = this.#startMatches(query);
    for (const { tiers } of byCost) keepDocuments(segment, tiers.flat(), matches);
    this.#filterPhrases(query, matches);
    if (matcher.mustReadTokens) return this.#readMatches(query, top);
    const total = countBits(matches, segment.liveDocs.length);
    if (total > 0) this.#ranker.rank(query, matches, top);
    return total;
  }

  /** Searches from the list of the documents that hold the rarest word. */
  #searchList(query: SegmentQuery, byCost: SegmentWord[], top: TopHits): number {
    const { segment, matcher, words } = query;
    const found = this.#conjunction;
    for (const word of byCost) {
      if (found.size === 0) return 0;
      found.keep(segment, word, words.indexOf(word));
    }
    for (const phrase of matcher.phrases) this.#filterList(segment, phrase, true);
    for (const phrase of matcher.excluded) {
      if (phrase.terms.length > 1) this.#filterList(segment, phrase, false);
    }
    this.#ranker.queue(query, found, top);
    return found.size;
  }

  #filterList(segment: Segment, phrase: Phrase, isWanted: boolean): void {
    const inSegment = segmentPhrase(segment, this.#table, phrase);
    this.#conjunction.filter((document) => holdsPhrase(segment, inSegment, document) === isWanted);
  }

  /** #matches as the documents that are allowed. */
  #startMatches({ segment, allowed }: SegmentQuery): Bitmap {
    this.#matches.set(allowed ?? segment.liveDocs);
    return this.#matches;
  }

  /** Removes from `bits` the documents that lack a phrase, or hold one that is excluded. */
  #filterPhrases({ segment, matcher }: SegmentQuery, bits: Bitmap): void {
    for (const phrase of matcher.phrases) {
      filterPhrase(segment, segmentPhrase(segment, this.#table, phrase), bits, true);
    }
    for (const phrase of matcher.excluded) {
      if (phrase.terms.length === 1) continue;
      filterPhrase(segment, segmentPhrase(segment, this.#table, phrase), bits, false);
    }
  }

  /** Reads and scores each document of #conjunction. Returns how many match. */
  #readGathered({ segment, matcher }: SegmentQuery, top: TopHits): number {
    this.#conjunction.filter(() => true);
    const { documents, size } = this.#conjunction;
    let total = 0;
    for (let k = size - 1; k >= 0; k--) {
      const document = documents[k] as number;
      const score = matcher.score(this.#tokens, readTokens(segment, document, this.#tokens));
      if (score < 0) continue;
      total++;
      if (score >= top.minCompetitiveScore) top.offer(segment.ids[document] as number, score);
    }
    return total;
  }

  /** Reads and scores each document of #matches, which match all but for the words. */
  #readMatches({ segment, matcher }: SegmentQuery, top: TopHits): number {
    let total = 0;
    forEachDown(this.#matches, segment.liveDocs.length, (document) => {
      const length = readTokens(segment, document, this.#tokens);
      const score = matcher.scoreWords(this.#tokens, length);
      if (score < 0) return;
      total++;
      if (score >= top.minCompetitiveScore) top.offer(segment.ids[document] as number, score);
    });
    return total;
  }
}

function hasPhrases({ phrases, excluded }: QueryMatcher): boolean {
  return phrases.length > 0 || excluded.some(({ terms }) => terms.length > 1);
}

/** Removes from `bits` the documents that the user did not sign. */
function keepSigned({ users, liveDocs }: Segment, user: number, bits: Bitmap): void {
  for (let i = 0; i < liveDocs.length; i++) {
    let kept = 0;
    for (let rest = bits[i] as number; rest !== 0; ) {
      const bit = 31 - Math.clz32(rest);
      rest &= ~(1 << bit);
      if (users[i * 32 + bit] === user) kept |= 1 << bit;
    }
    bits[i] = kept;
  }
}
