import { MAX_WORDS } from '#libs/quotes/search.limits.ts';
import { type Bitmap, clearBit, createBitmap, forEachDown, hasBit } from './bitmap.ts';
import { Candidates, MAX_CANDIDATES } from './candidates.ts';
import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';
import { isExactMask, minGap } from './position.mask.ts';
import type { Phrase } from './query.matcher.ts';
import { minCompetitiveBm25, packScore, singleImpact, WEIGHT_PER_IMPACT } from './ranking.ts';
import type { Conjunction } from './segment.conjunction.ts';
import { MAX_DOCUMENT_TOKENS, MAX_SEGMENT_DOCUMENTS } from './segment.layout.ts';
import { readCommonPair } from './segment.pairs.ts';
import { holdsPhrase, segmentPhrase } from './segment.phrases.ts';
import { readTokens } from './segment.reader.ts';
import {
  countPostings,
  findPosting,
  keepDocuments,
  maxImpact,
  removeDocuments,
} from './segment.terms.ts';
import type { SegmentQuery, SegmentWord } from './segment.words.ts';
import type { TermTable } from './term.table.ts';
import type { TopHits } from './top.hits.ts';

/** Reading a document costs about as much as this many steps through postings. */
const POSTINGS_PER_READ = 512;

/**
 * So many candidates wait for each hit wanted, and so many at least, before the best of them are
 * read.
 */
const CANDIDATES_PER_HIT = 4;
export const MIN_CANDIDATES = 512;

/** What is the same for all documents of a tier in a segment. */
interface Tier extends SegmentQuery {
  top: TopHits;
  tier: number;
  /** The word that the documents hold only as a prefix, -1 when they hold all words exactly. */
  prefixWord: number;
  /** By document, the position mask of all terms that begin with the prefix, if it is known. */
  prefixMasks: Uint16Array | undefined;
  /** How many candidates there may be before #gatherPrefix() finds these masks. */
  candidatesLeft: number;
  /** The least proximity that a document may have. */
  leastProximity: number;
}

/**
 * Offers the documents that match several words to the top hits. The postings of a document give an
 * upper bound of its score. Where the bound is high enough to enter the top, but not exact, the
 * document becomes a candidate, which is read for its exact proximity when the top has become as
 * good as it can without.
 */
export class SegmentRanker {
  // Scratch, which every call uses anew.
  readonly #tokens = new Uint32Array(MAX_DOCUMENT_TOKENS);
  readonly #bits = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #neighbours = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  readonly #prefixMasks = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  /** The posting of each word in the document that is looked at. */
  readonly #postings = new Int32Array(MAX_WORDS);
  readonly #candidates = new Candidates<Tier>();

  /**
   * Offers the documents where all words stand side by side in their order, if all are so common in
   * the segment that it has lists of these. This must come before rank(), for all segments: then
   * most of the other documents are not competitive.
   */
  rankNeighbours(query: SegmentQuery, table: TermTable, top: TopHits): void {
    const { segment, matcher, words, allowed } = query;
    const count = this.#findNeighbours(query);
    const holds = (document: number) => (phrase: Phrase) =>
      holdsPhrase(segment, segmentPhrase(segment, table, phrase), document);
    let minBm25 = minCompetitiveBm25(top.minCompetitiveScore, 0);
    for (let k = count - 1; k >= 0; k--) {
      const document = this.#neighbours[k] as number;
      if (allowed !== undefined && !hasBit(allowed, document)) continue;
      let bm25 = 0;
      for (const { idf, exact } of words) {
        bm25 += idf * (segment.impacts[findPosting(segment, exact, document)] as number);
      }
      if (bm25 < minBm25) continue;
      const score = packScore(0, 0, bm25);
      if (score < top.minCompetitiveScore) continue;
      if (!matcher.phrases.every(holds(document)) || matcher.excluded.some(holds(document)))
        continue;
      top.offer(segment.ids[document] as number, score);
      minBm25 = minCompetitiveBm25(top.minCompetitiveScore, 0);
    }
  }

  /**
   * Offers the other documents of `matches`: those that hold all words exactly, then those that
   * hold one as a prefix. Some may wait until readCandidates() is called, which must follow the
   * last segment.
   */
  rank(query: SegmentQuery, matches: Bitmap, top: TopHits): void {
    const { segment, words } = query;
    const { length } = segment.liveDocs;
    const prefixWord = words.findIndex(({ longer }) => longer.from < longer.to);
    const exactTerms = words[prefixWord]?.tiers[0] ?? [];
    const bits = this.#bits;
    const exactTier = startTier(query, -1, top);
    exactTier.leastProximity = areCommon(words) ? 1 : 0;
    if (isHopeless(exactTier)) return;
    bits.set(matches.subarray(0, length));
    if (prefixWord >= 0) keepDocuments(segment, exactTerms, bits);
    const count = this.#findNeighbours(query);
    for (let k = 0; k < count; k++) clearBit(bits, this.#neighbours[k] as number);
    this.#rankBits(exactTier, bits);

    if (prefixWord < 0) return;
    const prefixTier = startTier(query, prefixWord, top);
    if (isHopeless(prefixTier)) return;
    bits.set(matches.subarray(0, length));
    for (const range of exactTerms) removeDocuments(segment, range, bits);
    this.#rankBits(prefixTier, bits);
  }

  /** Offers all documents that were found, as rank() does. */
  rankList(query: SegmentQuery, found: Conjunction, top: TopHits): void {
    const { words } = query;
    const prefixWord = words.findIndex(({ longer }) => longer.from < longer.to);
    this.#rankFound(startTier(query, -1, top), found, prefixWord);
    if (prefixWord < 0) return;
    const prefixTier = startTier(query, prefixWord, top);
    prefixTier.prefixMasks = found.longerMasks;
    this.#rankFound(prefixTier, found, prefixWord);
  }

  /** Reads the candidates, and offers those that are good enough. */
  readCandidates(top: TopHits): void {
    this.#candidates.drain(top, (state, document, minProximity, bm25) => {
      const { segment, matcher, tier, prefixWord } = state;
      if (packScore(tier, minProximity, bm25) < top.minCompetitiveScore) return;
      const length = segment.lengths[document] as number;
      const from = segment.tokenStarts[document] as number;
      const proximity = matcher.readProximity(
        segment.tokens,
        from,
        length,
        prefixWord,
        minProximity,
      );
      const score = packScore(tier, proximity, bm25);
      if (score >= top.minCompetitiveScore) top.offer(segment.ids[document] as number, score);
    });
  }

  /**
   * Finds the documents where all words stand side by side in their order, if all are common.
   * Returns how many #neighbours there are.
   */
  #findNeighbours({ segment, words }: SegmentQuery): number {
    if (!areCommon(words)) return 0;
    let count = 0;
    words.forEach(({ exact }, i) => {
      const left = words[i - 1];
      if (left === undefined) return;
      const documents = readCommonPair(segment, left.exact.row, exact.row);
      if (i === 1) {
        this.#neighbours.set(documents);
        count = documents.length;
      } else count = intersectLists(this.#neighbours, count, documents);
    });
    return count;
  }

  /** Offers the documents of `bits`. */
  #rankBits(state: Tier, bits: Bitmap): void {
    const { segment, words, prefixWord } = state;
    const rarest = rarestWord(state);
    let maxOthers = 0;
    words.forEach(({ idf, exact }, i) => {
      if (i === prefixWord) maxOthers += WEIGHT_PER_IMPACT * 255;
      else if (i !== rarest) maxOthers += idf * maxImpact(segment, exact);
    });
    const { idf, exact } = words[rarest] as SegmentWord;
    let minBm25 = minBm25Of(state);
    forEachDown(bits, segment.liveDocs.length, (document) => {
      const p = findPosting(segment, exact, document);
      if (idf * (segment.impacts[p] as number) + maxOthers < minBm25) return;
      for (let i = 0; i < words.length; i++) {
        if (i === prefixWord) continue;
        this.#postings[i] =
          i === rarest ? p : findPosting(segment, (words[i] as SegmentWord).exact, document);
      }
      if (this.#offer(state, document, minBm25)) minBm25 = minBm25Of(state);
    });
  }

  /** Offers those documents of a list that are in the tier. */
  #rankFound(state: Tier, found: Conjunction, prefixWord: number): void {
    if (isHopeless(state)) return;
    const { words } = state;
    const { documents, postings } = found;
    let minBm25 = minBm25Of(state);
    for (let k = found.size - 1; k >= 0; k--) {
      const isExact = prefixWord < 0 || ((postings[prefixWord] as Int32Array)[k] as number) >= 0;
      if (isExact !== state.prefixWord < 0) continue;
      for (let i = 0; i < words.length; i++) {
        this.#postings[i] = (postings[i] as Int32Array)[k] as number;
      }
      if (this.#offer(state, documents[k] as number, minBm25)) minBm25 = minBm25Of(state);
    }
  }

  /**
   * Offers a document, whose #postings are known, unless its bound or its score is too low, or
   * makes it a candidate. Returns whether the minimal competitive score may have changed.
   */
  #offer(state: Tier, document: number, minBm25: number): boolean {
    const { segment, top, tier } = state;
    const bm25 = this.#bm25(state, document);
    if (bm25 < minBm25) return false;
    const minProximity = Math.max(state.leastProximity, this.#minProximity(state, document));
    const maxScore = packScore(tier, minProximity, bm25);
    if (DEBUG_ASSERTIONS) this.#assertBound(state, document, maxScore);
    if (maxScore < top.minCompetitiveScore) return false;
    // The bound is the score itself when it comes from the exact masks of all words.
    if (hasMasks(state) && isExactMask(segment.lengths[document] as number)) {
      top.offer(segment.ids[document] as number, maxScore);
      return true;
    }
    this.#candidates.add(state, document, minProximity, bm25, maxScore);
    if (!hasMasks(state) && state.candidatesLeft-- <= 0) this.#gatherPrefix(state);
    if (this.#candidates.size < maxCandidates(top)) return false;
    this.readCandidates(top);
    return true;
  }

  #assertBound(state: Tier, document: number, bound: number): void {
    const { segment, matcher } = state;
    const length = readTokens(segment, document, this.#tokens);
    const score = matcher.scoreWords(this.#tokens, length);
    assert(score <= bound, 'no score exceeds its bound');
    const isExact = hasMasks(state) && isExactMask(length);
    assert(score === bound || !isExact, 'the bound from exact masks is the score');
  }

  /** The BM25 of a document. */
  #bm25({ segment, words, prefixWord }: Tier, document: number): number {
    const { impacts, lengths } = segment;
    let bm25 = 0;
    for (let i = 0; i < words.length; i++) {
      bm25 +=
        i === prefixWord
          ? WEIGHT_PER_IMPACT * singleImpact(lengths[document] as number)
          : (words[i] as SegmentWord).idf * (impacts[this.#postings[i] as number] as number);
    }
    return bm25;
  }

  /** A lower bound of the proximity of a document. */
  #minProximity(state: Tier, document: number): number {
    const isExact = isExactMask(state.segment.lengths[document] as number);
    let proximity = 0;
    let left = this.#mask(state, 0, document);
    for (let i = 1; i < state.words.length; i++) {
      const right = this.#mask(state, i, document);
      proximity += left < 0 || right < 0 ? 0 : minGap(left, right, isExact);
      left = right;
    }
    return proximity;
  }

  /** The position mask of a word in a document; -1 as long as it is not known. */
  #mask({ segment, prefixWord, prefixMasks }: Tier, word: number, document: number): number {
    if (word !== prefixWord) return segment.positionMasks[this.#postings[word] as number] as number;
    return prefixMasks === undefined ? -1 : (prefixMasks[document] as number);
  }

  /**
   * Unites the position masks of all terms that begin with the prefix, by document. This costs a
   * step a posting, and then spares to read most documents: it is worth it after so many documents
   * have been read.
   */
  #gatherPrefix(state: Tier): void {
    const { segment, words, prefixWord } = state;
    const { documents, positionMasks, postingStarts } = segment;
    const { longer } = words[prefixWord] as SegmentWord;
    const masks = this.#prefixMasks.fill(0, 0, segment.size);
    const end = postingStarts[longer.to] as number;
    for (let p = postingStarts[longer.from] as number; p < end; p++) {
      const document = documents[p] as number;
      masks[document] = (masks[document] as number) | (positionMasks[p] as number);
    }
    state.prefixMasks = masks;
  }
}

function startTier(query: SegmentQuery, prefixWord: number, top: TopHits): Tier {
  const { segment, words } = query;
  const longer = words[prefixWord]?.longer;
  return {
    ...query,
    top,
    tier: prefixWord < 0 ? 0 : 1,
    prefixWord,
    prefixMasks: undefined,
    candidatesLeft: longer ? countPostings(segment, longer) / POSTINGS_PER_READ : 0,
    leastProximity: 0,
  };
}

/** Whether there are lists of the documents where words stand side by side. */
function areCommon(words: SegmentWord[]): boolean {
  return words.every(({ exact }) => exact.row >= 0);
}

function minBm25Of({ top, tier, leastProximity }: Tier): number {
  return minCompetitiveBm25(top.minCompetitiveScore, tier, leastProximity);
}

/** Whether no document of the tier can enter the top. */
function isHopeless(state: Tier): boolean {
  return minBm25Of(state) === Number.POSITIVE_INFINITY;
}

/** Whether the position masks of all words are known. */
function hasMasks({ prefixWord, prefixMasks }: Tier): boolean {
  return prefixWord < 0 || prefixMasks !== undefined;
}

/** The word with the fewest postings. */
function rarestWord({ words, prefixWord }: Tier): number {
  let rarest = prefixWord === 0 ? 1 : 0;
  words.forEach(({ exact }, i) => {
    if (i === prefixWord) return;
    const least = (words[rarest] as SegmentWord).exact;
    if (exact.end - exact.first < least.end - least.first) rarest = i;
  });
  return rarest;
}

/** Keeps those of the first `count` elements that are in `others` too; both ascend. */
function intersectLists(list: Uint16Array, count: number, others: Uint16Array): number {
  let kept = 0;
  let at = 0;
  for (let k = 0; k < count; k++) {
    const element = list[k] as number;
    while (at < others.length && (others[at] as number) < element) at++;
    if (others[at] === element) list[kept++] = element;
  }
  return kept;
}

/** How many candidates wait at most. */
function maxCandidates({ capacity }: TopHits): number {
  return Math.min(MAX_CANDIDATES, Math.max(MIN_CANDIDATES, CANDIDATES_PER_HIT * capacity));
}
