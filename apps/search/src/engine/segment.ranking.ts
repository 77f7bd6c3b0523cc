import { MAX_WORDS } from '#libs/quotes/search.limits.ts';
import {
  type Bitmap,
  clearBit,
  countBits,
  createBitmap,
  forEachDown,
  hasBit,
  intersect,
  isEmpty,
  setBit,
  subtract,
} from './bitmap.ts';
import { Candidates, MAX_CANDIDATES } from './candidates.ts';
import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';
import { MatchQueue } from './match.queue.ts';
import { isExactMask, minGap } from './position.mask.ts';
import type { Phrase, QueryMatcher } from './query.matcher.ts';
import {
  INFLECTION_TIER,
  MAX_TEXT_IMPACT,
  maxCompetitiveProximity,
  minCompetitiveBm25,
  PREFIX_TIER,
  packScore,
  singleImpact,
  WEIGHT_PER_IMPACT,
} from './ranking.ts';
import type { Conjunction } from './segment.conjunction.ts';
import {
  MAX_DOCUMENT_TOKENS,
  MAX_SEGMENT_DOCUMENTS,
  POSTINGS_PER_BLOCK,
  type Segment,
} from './segment.layout.ts';
import { readCommonPair } from './segment.pairs.ts';
import { holdsPhrase, segmentPhrase } from './segment.phrases.ts';
import { readTokens } from './segment.reader.ts';
import {
  addDocuments,
  countPostings,
  findPosting,
  keepDocuments,
  maxImpact,
  type TermRange,
} from './segment.terms.ts';
import { inflectedForms, type SegmentQuery, type SegmentWord } from './segment.words.ts';
import type { TopHits } from './top.hits.ts';

/** Reading a document costs about as much as this many steps through postings. */
const POSTINGS_PER_READ = 512;

/** Up to so many documents, reading all is quicker than gathering their position masks. */
const MIN_GATHERED = 64;

/**
 * So many candidates wait for each hit wanted, and so many at least, before the best of them are
 * read.
 */
const CANDIDATES_PER_HIT = 4;
export const MIN_CANDIDATES = 512;

/** Wider gaps are all alike to the order of the queue: they are seldom looked at. */
const MAX_BOUND_GAP = 4;

/** The orders of the prefix tier begin here, above MAX_BOUND_GAP for every gap of the exact one. */
const TIER_ORDER = 128;

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
  /** Whether documents have to be read for their scores. */
  isToBeRead: boolean;
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
  readonly #left = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #elsewhere = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #apart = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #neighbours = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  readonly #prefixMasks = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  /** By word and document, the position mask of all its terms; made when they are needed first. */
  readonly #wordMasks: Uint16Array[] = [];
  /** By word, the documents that hold it as a prefix or by an inflected form. */
  readonly #withoutEdit: Bitmap[] = [];
  // Of the document that is looked at: the posting of each word, and the position mask of all terms
  // that begin with the prefix, -1 when it is not known.
  readonly #postings = new Int32Array(MAX_WORDS);
  #prefixMask = -1;
  readonly #queue = new MatchQueue<Tier>();
  /** The documents of each segment that hold a word only as an inflected form, and wait too. */
  readonly #inflected: { state: Tier; bits: Bitmap }[] = [];
  readonly #candidates = new Candidates<Tier>();

  /** Begins the search of a query. */
  begin({ firstTier }: QueryMatcher): void {
    this.#candidates.begin(firstTier);
  }

  /**
   * Offers the documents where all words stand side by side in their order, if all are so common in
   * the segment that it has lists of these. This must come before rank(), for all segments: then
   * most of the other documents are not competitive.
   */
  rankNeighbours(query: SegmentQuery, top: TopHits): void {
    const { segment, matcher, words, allowed } = query;
    const { firstTier } = matcher;
    const count = this.#findNeighbours(query);
    if (count === 0) return;
    const holds = (document: number) => (phrase: Phrase) =>
      holdsPhrase(segment, segmentPhrase(segment, phrase), document);
    const { impacts } = segment;
    const maxOthers = words.map((_, i) => {
      let max = 0;
      for (const { idf, exact } of words.slice(i + 1)) max += idf * maxImpact(segment, exact);
      return max;
    });
    let minBm25 = minCompetitiveBm25(top.minCompetitiveScore, firstTier);
    for (let k = count - 1; k >= 0; k--) {
      const document = this.#neighbours[k] as number;
      if (allowed !== undefined && !hasBit(allowed, document)) continue;
      let bm25 = 0;
      for (let i = 0; i < words.length; i++) {
        const { idf, exact } = words[i] as SegmentWord;
        bm25 += idf * (impacts[findPosting(segment, exact, document)] as number);
        // The words behind cannot make up for it.
        if (bm25 + (maxOthers[i] as number) < minBm25) break;
      }
      if (bm25 < minBm25) continue;
      const score = packScore(firstTier, 0, bm25);
      if (score < top.minCompetitiveScore) continue;
      if (!matcher.phrases.every(holds(document)) || matcher.excluded.some(holds(document)))
        continue;
      top.offer(segment.ids[document] as number, score);
      minBm25 = minCompetitiveBm25(top.minCompetitiveScore, firstTier);
    }
  }

  /**
   * Offers the other documents of `matches`: those that hold all words exactly, then those that
   * hold one as a prefix, then those that hold any as an inflected form. Some may wait until
   * readCandidates() is called, which must follow the last segment.
   */
  rank(query: SegmentQuery, matches: Bitmap, top: TopHits): void {
    const { segment, words } = query;
    const { length } = segment.liveDocs;
    const prefixWord = words.findIndex(({ longer }) => longer.from < longer.to);
    const bits = this.#bits;
    const left = this.#left;
    const keepExact = (but: number) => {
      bits.set(left.subarray(0, length));
      words.forEach(({ tiers }, i) => {
        const [own = [], ...others] = tiers;
        if (i !== but && others.some((ranges) => ranges.length > 0)) {
          keepDocuments(segment, own, bits);
        }
      });
    };
    left.set(matches.subarray(0, length));
    keepExact(-1);
    subtract(left, bits, 0, length);
    this.#rankExact(query, bits, top);
    if (prefixWord >= 0) {
      const prefixTier = startTier(query, prefixWord, top);
      // Those of the tiers behind are not competitive either.
      if (isHopeless(prefixTier)) return;
      keepExact(prefixWord);
      const word = words[prefixWord] as SegmentWord;
      if (inflectedForms(word).length > 0) keepDocuments(segment, [word.longer], bits);
      subtract(left, bits, 0, length);
      this.#rankBits(prefixTier, bits);
    }
    if (words.some((word) => inflectedForms(word).length > 0)) {
      this.#rankInflected(startInflected(query, top), left);
    }
  }

  /** Offers the documents of `bits`, which hold all words exactly, without the neighbours. */
  #rankExact(query: SegmentQuery, bits: Bitmap, top: TopHits): void {
    const { segment, words } = query;
    const { length } = segment.liveDocs;
    const tier = startTier(query, -1, top);
    if (!areCommon(words)) {
      if (!isHopeless(tier)) this.#rankBits(tier, bits);
      return;
    }
    const count = this.#findNeighbours(query);
    for (let k = 0; k < count; k++) clearBit(bits, this.#neighbours[k] as number);
    if (isEmpty(bits, length)) return;
    // Words stand side by side in the others only where one of them is in another field.
    const elsewhere = this.#elsewhere.fill(0, 0, length);
    addElsewhere(query, elsewhere);
    const apart = this.#apart;
    apart.set(bits.subarray(0, length));
    subtract(apart, elsewhere, 0, length);
    intersect(bits, elsewhere, 0, length);
    if (!isHopeless(tier)) this.#rankBits(tier, bits);
    const apartTier = { ...tier, leastProximity: 1 };
    if (!isHopeless(apartTier)) this.#rankBits(apartTier, apart);
  }

  /**
   * Takes the documents that were found. Those whose words may stand side by side are offered at
   * once; the others wait to be offered with those of all other segments, closer ones first, unless
   * they are not competitive already. Position masks alone bound the proximities, so that nothing
   * else need be looked up of most documents.
   */
  queue(query: SegmentQuery, found: Conjunction, top: TopHits): void {
    const { segment, words } = query;
    const { documents, inflected: forms, longerMasks, postings, size } = found;
    const prefixWord = words.findIndex(({ longer }) => longer.from < longer.to);
    const exactTier = startTier(query, -1, top);
    const prefixTier = prefixWord < 0 ? exactTier : startTier(query, prefixWord, top);
    const prefixPostings = postings[Math.max(0, prefixWord)] as Int32Array;
    const count = words.length;
    let inflected: Bitmap | undefined;
    let minScore = Number.NaN;
    let maxExact = 0;
    let maxPrefix = 0;
    for (let k = size - 1; k >= 0; k--) {
      const document = documents[k] as number;
      if (forms !== undefined && hasBit(forms, document)) {
        inflected ??= createBitmap(segment.size);
        setBit(inflected, document);
        continue;
      }
      if (minScore !== top.minCompetitiveScore) {
        minScore = top.minCompetitiveScore;
        maxExact = maxCompetitiveProximity(minScore, exactTier.tier);
        maxPrefix = maxCompetitiveProximity(minScore, prefixTier.tier);
      }
      const isExact = (prefixPostings[k] as number) >= 0;
      const limit = isExact ? maxExact : maxPrefix;
      if (limit < 0) continue;
      const longer = isExact ? 0 : (longerMasks[document] as number);
      const bound = this.#gapBound(
        segment,
        postings,
        count,
        k,
        longer,
        Math.min(limit + 1, MAX_BOUND_GAP),
      );
      if (bound > limit) continue;
      const state = isExact ? exactTier : prefixTier;
      if (bound === 0) {
        for (let i = 0; i < count; i++) {
          this.#postings[i] = (postings[i] as Int32Array)[k] as number;
        }
        this.#prefixMask = longer;
        this.#offer(state, document, minBm25Of(state));
        continue;
      }
      if (this.#queue.isFull(count)) this.rankQueue(count, top);
      this.#queue.add(state, document, firstOrder(state) + bound, longer, postings, count, k);
    }
    if (inflected) this.#inflected.push({ state: startInflected(query, top), bits: inflected });
  }

  /**
   * A lower bound of the proximity of document `k` of the lists. Gaps of `max` are not told from
   * wider ones.
   * @param longer the position mask of the word that the document holds only as a prefix
   */
  #gapBound(
    { positionMasks }: Segment,
    postings: readonly Int32Array[],
    words: number,
    k: number,
    longer: number,
    max: number,
  ): number {
    let bound = 0;
    let left = 0;
    for (let i = 0; i < words; i++) {
      const p = (postings[i] as Int32Array)[k] as number;
      const right = p < 0 ? longer : (positionMasks[p] as number);
      if (i > 0) bound += minGap(left, right, false, max);
      left = right;
    }
    return bound;
  }

  /**
   * Offers the documents that were queued, of a query of so many words. Some may still wait until
   * readCandidates() is called.
   */
  rankQueue(count: number, top: TopHits): void {
    let last = 0;
    this.#queue.drain(count, (state, document, order, mask, firstPosting) => {
      // Those whose words are closer raise what is competitive.
      if (order !== last) this.readCandidates(top);
      last = order;
      const { tier } = state;
      const minProximity = order - firstOrder(state);
      const minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier, minProximity);
      if (minBm25 === Number.POSITIVE_INFINITY) return false;
      for (let i = 0; i < count; i++) this.#postings[i] = this.#queue.posting(firstPosting + i);
      this.#prefixMask = mask;
      this.#offer(state, document, minBm25);
      return true;
    });
  }

  /** Offers the documents that were queued and hold a word only as an inflected form. */
  rankInflectedQueue(): void {
    for (const { state, bits } of this.#inflected) this.#rankInflected(state, bits);
    this.#inflected.length = 0;
  }

  /** Reads the candidates, and offers those that are good enough. */
  readCandidates(top: TopHits): void {
    this.#candidates.drain(top, (state, document, minProximity, bm25) => {
      const { segment, matcher, tier, prefixWord } = state;
      if (packScore(tier, minProximity, bm25) < top.minCompetitiveScore) return;
      if (state.isToBeRead) {
        this.#readDocument(state, document);
        return;
      }
      const length = segment.lengths[document] as number;
      const proximity = matcher.readProximity(
        segment.tokens,
        segment.tokenStarts[document] as number,
        segment.tokenStarts[document + 1] as number,
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
      this.#prefixMask = state.prefixMasks?.[document] ?? -1;
      if (this.#offer(state, document, minBm25)) minBm25 = minBm25Of(state);
    });
  }

  /**
   * Offers a document, whose #postings and #prefixMask are known, unless its bound or its score is
   * too low, or makes it a candidate. Returns whether the minimal competitive score may have
   * changed.
   */
  #offer(state: Tier, document: number, minBm25: number): boolean {
    const { segment, top, tier } = state;
    const bm25 = this.#bm25(state, document);
    if (bm25 < minBm25) return false;
    const isExact = isExactMask(segment.lengths[document] as number);
    const minProximity = Math.max(state.leastProximity, this.#minProximity(state, isExact));
    const maxScore = packScore(tier, minProximity, bm25);
    if (DEBUG_ASSERTIONS) this.#assertBound(state, document, maxScore);
    if (maxScore < top.minCompetitiveScore) return false;
    // The bound is the score itself when it comes from the exact masks of all words.
    if (isExact && this.#hasMasks(state)) {
      top.offer(segment.ids[document] as number, maxScore);
      return true;
    }
    this.#candidates.add(state, document, minProximity, bm25, maxScore);
    if (!this.#hasMasks(state) && state.candidatesLeft-- <= 0) this.#gatherPrefix(state);
    if (this.#candidates.size < maxCandidates(top)) return false;
    this.readCandidates(top);
    return true;
  }

  #assertBound(state: Tier, document: number, bound: number): void {
    const { segment, matcher } = state;
    const length = segment.lengths[document] as number;
    const count = readTokens(segment, document, this.#tokens);
    const lang = segment.langs[document] as number;
    const score = matcher.scoreWords(this.#tokens, count, length, lang);
    assert(score <= bound, 'no score exceeds its bound');
    const isExact = this.#hasMasks(state) && isExactMask(length);
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

  /** A lower bound of the proximity of the document. */
  #minProximity({ segment, words, prefixWord }: Tier, isExact: boolean): number {
    const { positionMasks } = segment;
    let proximity = 0;
    let left = 0;
    for (let i = 0; i < words.length; i++) {
      const right =
        i === prefixWord
          ? this.#prefixMask
          : (positionMasks[this.#postings[i] as number] as number);
      if (i > 0 && left >= 0 && right >= 0) proximity += minGap(left, right, isExact);
      left = right;
    }
    return proximity;
  }

  /** Whether the position masks of all words are known. */
  #hasMasks({ prefixWord }: Tier): boolean {
    return prefixWord < 0 || this.#prefixMask >= 0;
  }

  /**
   * Unites the position masks of all terms that begin with the prefix, by document. This costs a
   * step a posting, and then spares to read most documents: it is worth it after so many documents
   * have been read.
   */
  #gatherPrefix(state: Tier): void {
    const { segment, words, prefixWord } = state;
    const { longer } = words[prefixWord] as SegmentWord;
    state.prefixMasks = uniteMasks(segment, [longer], this.#prefixMasks);
  }

  /**
   * Offers the documents of `matches`, which hold all words, some of them perhaps only as a similar
   * term. Each has to be read, unless a bound of its score is too low: it has an edit at least for
   * each word that it does not hold otherwise.
   */
  rankSimilar(query: SegmentQuery, matches: Bitmap, top: TopHits): void {
    const { segment, words, matcher } = query;
    const { length } = segment.liveDocs;
    const count = countBits(matches, length);
    // As long as all enter the top, bounds are of no use.
    const isFull = top.minCompetitiveScore > Number.NEGATIVE_INFINITY;
    if (count <= MIN_GATHERED || (!isFull && count <= top.capacity)) {
      const state = startReading(query, matcher.firstTier, top);
      forEachDown(matches, length, (document) => this.#readDocument(state, document));
      return;
    }
    const masks = this.#wordMasksOf(query);
    const withoutEdit = words.map(({ tiers }, i) => {
      this.#withoutEdit[i] ??= createBitmap(MAX_SEGMENT_DOCUMENTS);
      const bits = this.#withoutEdit[i].fill(0, 0, length);
      for (const range of tiers.slice(PREFIX_TIER, INFLECTION_TIER + 1).flat()) {
        addDocuments(segment, range, bits);
      }
      return bits;
    });
    const states = Array.from({ length: words.length + 1 }, (_, edits) => {
      const tier = matcher.firstTier + (edits > 0 ? INFLECTION_TIER + edits : 0);
      return startReading(query, tier, top);
    });
    forEachDown(matches, length, (document) => {
      const single = WEIGHT_PER_IMPACT * singleImpact(segment.lengths[document] as number);
      let edits = 0;
      let bm25 = 0;
      for (let i = 0; i < words.length; i++) {
        const { idf, exact } = words[i] as SegmentWord;
        const p = findPosting(segment, exact, document);
        // Otherwise than exactly, a word counts as one occurrence at an idf of 1.
        bm25 += p < 0 ? single : idf * (segment.impacts[p] as number);
        if (p < 0 && !hasBit(withoutEdit[i] as Bitmap, document)) edits++;
      }
      this.#addToRead(states[edits] as Tier, document, masks, bm25);
    });
  }

  /**
   * Offers the documents of `bits`, which hold a word only as an inflected form. Which forms count
   * depends on the document, so that each has to be read; the position masks of all forms together
   * tell which documents need not be.
   */
  #rankInflected(state: Tier, bits: Bitmap): void {
    if (isHopeless(state)) return;
    const { segment, words } = state;
    const { length } = segment.liveDocs;
    if (countBits(bits, length) <= MIN_GATHERED) {
      forEachDown(bits, length, (document) => this.#readDocument(state, document));
      return;
    }
    const masks = this.#wordMasksOf(state);
    // A word that the document holds only otherwise counts as one occurrence at an idf of 1.
    const maxBm25 = words.reduce((sum, { idf }) => sum + 255 * Math.max(idf, WEIGHT_PER_IMPACT), 0);
    forEachDown(bits, length, (document) => this.#addToRead(state, document, masks, maxBm25));
  }

  /** By word and document, the position masks of all terms that match the word. */
  #wordMasksOf({ segment, words }: SegmentQuery): Uint16Array[] {
    return words.map(({ tiers }, i) => {
      this.#wordMasks[i] ??= new Uint16Array(MAX_SEGMENT_DOCUMENTS);
      return uniteMasks(segment, tiers.flat(), this.#wordMasks[i]);
    });
  }

  /** Makes a document a candidate that is read, unless its bound is too low. */
  #addToRead(state: Tier, document: number, masks: Uint16Array[], maxBm25: number): void {
    const { segment, top, tier } = state;
    const isExact = isExactMask(segment.lengths[document] as number);
    let minProximity = 0;
    for (let i = 1; i < masks.length; i++) {
      const left = (masks[i - 1] as Uint16Array)[document] as number;
      minProximity += minGap(left, (masks[i] as Uint16Array)[document] as number, isExact);
    }
    const maxScore = packScore(tier, minProximity, maxBm25);
    if (maxScore < top.minCompetitiveScore) return;
    this.#candidates.add(state, document, minProximity, maxBm25, maxScore);
    if (this.#candidates.size >= maxCandidates(top)) this.readCandidates(top);
  }

  /** Reads a document, and offers it. */
  #readDocument({ segment, matcher, top, tier }: Tier, document: number): void {
    const count = readTokens(segment, document, this.#tokens);
    const { lengths, langs } = segment;
    const [length, lang] = [lengths[document] as number, langs[document] as number];
    const score = matcher.scoreWords(this.#tokens, count, length, lang);
    if (DEBUG_ASSERTIONS) {
      assert(score >= 0, 'what is to be read matches');
      assert(score <= packScore(tier, 0, 1e9), 'the tier is a bound');
    }
    if (score >= top.minCompetitiveScore) top.offer(segment.ids[document] as number, score);
  }
}

/** Sets `masks` to the position masks of all these terms, united by document. */
function uniteMasks(
  { documents, positionMasks, postingStarts, size }: Segment,
  ranges: TermRange[],
  masks: Uint16Array,
): Uint16Array {
  masks.fill(0, 0, size);
  for (const { from, to } of ranges) {
    const end = postingStarts[to] as number;
    for (let p = postingStarts[from] as number; p < end; p++) {
      const document = documents[p] as number;
      masks[document] = (masks[document] as number) | (positionMasks[p] as number);
    }
  }
  return masks;
}

/**
 * Adds to `bits` the documents that hold a word of the query in another field than the text, where
 * its impact is higher than any in the text.
 */
function addElsewhere({ segment, words }: SegmentQuery, bits: Bitmap): void {
  const { documents, impacts, blockMaxImpacts } = segment;
  for (const { exact } of words) {
    for (let p = exact.first; p < exact.end; ) {
      const block = Math.floor(p / POSTINGS_PER_BLOCK);
      const end = Math.min(exact.end, (block + 1) * POSTINGS_PER_BLOCK);
      if ((blockMaxImpacts[block] as number) <= MAX_TEXT_IMPACT) p = end;
      for (; p < end; p++) {
        if ((impacts[p] as number) > MAX_TEXT_IMPACT) setBit(bits, documents[p] as number);
      }
    }
  }
}

/** The order that the closest documents of the tier have in the queue. */
function firstOrder({ prefixWord }: Tier): number {
  return prefixWord < 0 ? 0 : TIER_ORDER;
}

function startTier(query: SegmentQuery, prefixWord: number, top: TopHits): Tier {
  const { segment, matcher, words } = query;
  const longer = words[prefixWord]?.longer;
  return {
    ...query,
    top,
    tier: matcher.firstTier + (prefixWord < 0 ? 0 : PREFIX_TIER),
    prefixWord,
    prefixMasks: undefined,
    candidatesLeft: longer ? countPostings(segment, longer) / POSTINGS_PER_READ : 0,
    leastProximity: 0,
    isToBeRead: false,
  };
}

/** The tier of the documents that hold a word only as an inflected form. */
function startInflected(query: SegmentQuery, top: TopHits): Tier {
  return startReading(query, query.matcher.firstTier + INFLECTION_TIER, top);
}

/** Documents that have to be read, and are in this tier at best. */
function startReading(query: SegmentQuery, tier: number, top: TopHits): Tier {
  return { ...startTier(query, -1, top), tier, isToBeRead: true };
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
