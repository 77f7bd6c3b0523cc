import { MAX_WORDS } from '#libs/quotes/search.limits.ts';
import { type Bitmap, countBits, createBitmap, forEachDown, hasBit, subtract } from './bitmap.ts';
import { Candidates, MAX_CANDIDATES } from './candidates.ts';
import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';
import { isExactMask, minGap } from './position.mask.ts';
import { MAX_LINEAR_STEPS, seek } from './posting.seek.ts';
import type { QueryMatcher, WordMatcher } from './query.matcher.ts';
import {
  INFLECTION_TIER,
  minCompetitiveBm25,
  PREFIX_TIER,
  packScore,
  singleImpact,
  WEIGHT_PER_IMPACT,
} from './ranking.ts';
import { MAX_DOCUMENT_TOKENS, MAX_SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import { readTokens } from './segment.reader.ts';
import type { TermRange } from './segment.terms.ts';
import {
  countPostings,
  keepDocuments,
  maxImpact,
  ordinalRange,
  termRange,
} from './segment.terms.ts';
import type { TermTable } from './term.table.ts';
import type { TopHits } from './top.hits.ts';

/** Reading a document costs about as much as this many steps through postings. */
const POSTINGS_PER_READ = 512;

/** Up to so many documents, reading all is quicker than gathering their position masks. */
const MIN_GATHERED = 64;
const NO_POSTINGS = new Uint32Array(0);

/**
 * So many candidates wait for each hit wanted, and so many at least, before the best of them are
 * read.
 */
const CANDIDATES_PER_HIT = 4;
export const MIN_CANDIDATES = 512;

/** What is the same for all documents of a tier in a segment. */
interface Tier {
  segment: Segment;
  matcher: QueryMatcher;
  top: TopHits;
  tier: number;
  /** The first posting of each word. */
  firsts: Uint32Array;
  /** The word that the documents hold only as a prefix, -1 when they hold all words exactly. */
  prefixWord: number;
  /**
   * How many candidates there may be before the positions of the prefix are gathered, see
   * #gatherPrefix().
   */
  candidatesLeft: number;
  /** The word with the fewest postings, and the highest BM25 that the other words can add to it. */
  rarest: number;
  maxOthers: number;
  /** Whether the documents hold a word only as an inflected form. */
  isInflected: boolean;
}

/**
 * Offers the documents that match several words to the top hits. The postings of a document give an
 * upper bound of its score. Where the bound is high enough to enter the top, but not exact, the
 * document becomes a candidate, which is read for its exact proximity when the top has become as
 * good as it can without.
 */
export class SegmentRanker {
  readonly #table: TermTable;
  // Scratch, which every call uses anew.
  readonly #tokens = new Uint32Array(MAX_DOCUMENT_TOKENS);
  readonly #bits = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #left = createBitmap(MAX_SEGMENT_DOCUMENTS);
  /**
   * The current posting of each word. Documents are visited downwards, so that these only ever move
   * down.
   */
  readonly #cursors = new Int32Array(MAX_WORDS);
  /**
   * By document, the position mask of all terms that begin with the prefix, once they are gathered.
   */
  readonly #prefixMasks = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  /** The same by word, of all its terms; made when they are needed first. */
  readonly #wordMasks: Uint16Array[] = [];
  readonly #candidates = new Candidates<Tier>();

  constructor(table: TermTable) {
    this.#table = table;
  }

  /**
   * Offers the documents of `matches`: those that hold all words exactly, then those that hold one
   * as a prefix, then those that hold any as an inflected form. Some may wait until
   * readCandidates() is called, which must follow the last segment.
   */
  rank(segment: Segment, matcher: QueryMatcher, matches: Bitmap, top: TopHits): void {
    const { words } = matcher;
    const { length } = segment.liveDocs;
    const ranges = words.map(({ term }) => termRange(segment, this.#table, term));
    const prefixWord = words.findIndex(({ prefixRange: { from, to } }) => from < to);
    const bits = this.#bits;
    const left = this.#left;
    left.set(matches.subarray(0, length));
    bits.set(matches.subarray(0, length));
    const keepExact = (but: number) => {
      words.forEach(({ inflected }, i) => {
        if (i === but || (i !== prefixWord && inflected.size === 0)) return;
        keepDocuments(segment, [ranges[i] as TermRange], bits);
      });
    };
    keepExact(-1);
    this.#rankTier(segment, matcher, ranges, -1, bits, top);
    subtract(left, bits, 0, length);
    if (prefixWord >= 0) {
      bits.set(left.subarray(0, length));
      keepExact(prefixWord);
      if ((words[prefixWord] as WordMatcher).inflected.size > 0) {
        keepDocuments(segment, [this.#prefixRange(segment, matcher, prefixWord)], bits);
      }
      this.#rankTier(segment, matcher, ranges, prefixWord, bits, top);
      subtract(left, bits, 0, length);
    }
    if (words.some(({ inflected }) => inflected.size > 0)) {
      this.#rankInflected(segment, matcher, ranges, left, top);
    }
  }

  /** Reads the candidates, and offers those that are good enough. */
  readCandidates(): void {
    this.#candidates.drain((state, document, min, bm25) => {
      const { segment, matcher, top, tier, prefixWord } = state;
      if (packScore(tier, min, bm25) < top.minCompetitiveScore) return;
      if (state.isInflected) {
        this.#readInflected(state, document);
        return;
      }
      const length = segment.lengths[document] as number;
      const from = segment.tokenStarts[document] as number;
      const to = segment.tokenStarts[document + 1] as number;
      const proximity = matcher.readProximity(segment.tokens, from, to, length, prefixWord, min);
      const score = packScore(tier, proximity, bm25);
      if (score >= top.minCompetitiveScore) top.offer(segment.ids[document] as number, score);
    });
  }

  /**
   * Offers the documents of `bits`, which hold a word only as an inflected form. Which forms count
   * depends on the document, so that each has to be read; the position masks of all forms together
   * tell which documents need not be.
   */
  #rankInflected(
    segment: Segment,
    matcher: QueryMatcher,
    ranges: TermRange[],
    bits: Bitmap,
    top: TopHits,
  ): void {
    const tier = matcher.firstTier + INFLECTION_TIER;
    if (minCompetitiveBm25(top.minCompetitiveScore, tier) === Number.POSITIVE_INFINITY) return;
    const { length } = segment.liveDocs;
    const state = {
      segment,
      matcher,
      top,
      tier,
      firsts: NO_POSTINGS,
      prefixWord: -1,
      candidatesLeft: 0,
      rarest: 0,
      maxOthers: 0,
      isInflected: true,
    };
    if (countBits(bits, length) <= MIN_GATHERED) {
      forEachDown(bits, length, (document) => this.#readInflected(state, document));
      return;
    }
    const masks = matcher.words.map((word, i) => {
      const terms = [ranges[i] as TermRange, ordinalRange(segment, this.#table, word.prefixRange)];
      for (const term of word.inflected.keys()) terms.push(termRange(segment, this.#table, term));
      return this.#gather(segment, i, terms);
    });
    // A word that the document holds only otherwise counts as one occurrence at an idf of 1.
    const maxBm25 = matcher.words.reduce(
      (sum, { idf }) => sum + 255 * Math.max(idf, WEIGHT_PER_IMPACT),
      0,
    );
    forEachDown(bits, length, (document) => {
      const isExact = isExactMask(segment.lengths[document] as number);
      let minProximity = 0;
      for (let i = 1; i < masks.length; i++) {
        const left = (masks[i - 1] as Uint16Array)[document] as number;
        minProximity += minGap(left, (masks[i] as Uint16Array)[document] as number, isExact);
      }
      const maxScore = packScore(tier, minProximity, maxBm25);
      if (maxScore < top.minCompetitiveScore) return;
      this.#candidates.add(state, document, minProximity, maxBm25, maxScore);
      if (this.#candidates.size >= maxCandidates(top)) this.readCandidates();
    });
  }

  /** Reads a document that holds a word as an inflected form, and offers it. */
  #readInflected({ segment, matcher, top, tier }: Tier, document: number): void {
    const count = readTokens(segment, document, this.#tokens);
    const { lengths, langs } = segment;
    const [length, lang] = [lengths[document] as number, langs[document] as number];
    const score = matcher.scoreWords(this.#tokens, count, length, lang);
    if (DEBUG_ASSERTIONS) assert(score <= packScore(tier, 0, 1e9), 'the tier is the right one');
    if (score >= top.minCompetitiveScore) top.offer(segment.ids[document] as number, score);
  }

  /** The position masks of word `i` by document: those of all these terms, united. */
  #gather(segment: Segment, i: number, ranges: TermRange[]): Uint16Array {
    const { documents, positionMasks, postingStarts } = segment;
    const masks = this.#wordMasks[i] ?? new Uint16Array(MAX_SEGMENT_DOCUMENTS);
    this.#wordMasks[i] = masks;
    masks.fill(0, 0, segment.size);
    for (const { from, to } of ranges) {
      const end = postingStarts[to] as number;
      for (let p = postingStarts[from] as number; p < end; p++) {
        const document = documents[p] as number;
        masks[document] = (masks[document] as number) | (positionMasks[p] as number);
      }
    }
    return masks;
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
    const tier = matcher.firstTier + (prefixWord < 0 ? 0 : PREFIX_TIER);
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
    const candidatesLeft =
      prefixWord < 0
        ? Number.POSITIVE_INFINITY
        : countPostings(segment, this.#prefixRange(segment, matcher, prefixWord)) /
          POSTINGS_PER_READ;
    const state = {
      segment,
      matcher,
      top,
      tier,
      firsts,
      prefixWord,
      candidatesLeft,
      rarest,
      maxOthers,
      isInflected: false,
    };
    const postingCount = countPostings(segment, ranges[rarest] as TermRange);
    const documentCount = countBits(bits, segment.liveDocs.length);
    // Seeking every document is quicker than reading every posting, when there are few enough
    // documents.
    if (documentCount * MAX_LINEAR_STEPS < postingCount - 1) this.#rankDocuments(state, bits);
    else this.#rankPostings(state, bits);
  }

  /**
   * Offers the documents of `bits`, whose postings of the rarest word are looked for one by one.
   */
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

  /**
   * Offers a document, unless its bound or its score is too low, or makes it a candidate. Returns
   * whether the minimal competitive score may have changed.
   */
  #offer(state: Tier, document: number, minBm25: number): boolean {
    const { segment, top, tier } = state;
    const bm25 = this.#bm25(state, document);
    if (bm25 < minBm25) return false;
    const minProximity = this.#minProximity(state, document);
    const maxScore = packScore(tier, minProximity, bm25);
    if (DEBUG_ASSERTIONS) this.#assertBound(state, document, maxScore);
    if (maxScore < top.minCompetitiveScore) return false;
    // The bound is the score itself when it comes from the exact masks of all words.
    if (hasMasks(state) && isExactMask(segment.lengths[document] as number)) {
      top.offer(segment.ids[document] as number, maxScore);
      return true;
    }
    this.#candidates.add(state, document, minProximity, bm25, maxScore);
    if (state.candidatesLeft-- <= 0) this.#gatherPrefix(state);
    if (this.#candidates.size < maxCandidates(top)) return false;
    this.readCandidates();
    return true;
  }

  #assertBound(state: Tier, document: number, bound: number): void {
    const { segment, matcher } = state;
    const length = segment.lengths[document] as number;
    const count = readTokens(segment, document, this.#tokens);
    const lang = segment.langs[document] as number;
    const score = matcher.scoreWords(this.#tokens, count, length, lang);
    assert(score <= bound, 'no score exceeds its bound');
    const isExact = hasMasks(state) && isExactMask(length);
    assert(score === bound || !isExact, 'the bound from exact masks is the score');
  }

  /** The BM25 of a document. Moves the cursors down to its postings. */
  #bm25({ segment, matcher, firsts, prefixWord }: Tier, document: number): number {
    const { documents, impacts, lengths } = segment;
    let bm25 = 0;
    for (let i = 0; i < firsts.length; i++) {
      if (i === prefixWord) {
        bm25 += WEIGHT_PER_IMPACT * singleImpact(lengths[document] as number);
        continue;
      }
      const p = seek(documents, this.#cursors[i] as number, firsts[i] as number, document);
      this.#cursors[i] = p;
      bm25 += (matcher.words[i] as WordMatcher).idf * (impacts[p] as number);
    }
    return bm25;
  }

  /** A lower bound of the proximity of the document that the cursors stand at. */
  #minProximity(state: Tier, document: number): number {
    const isExact = isExactMask(state.segment.lengths[document] as number);
    let proximity = 0;
    let left = this.#mask(state, 0, document);
    for (let i = 1; i < state.firsts.length; i++) {
      const right = this.#mask(state, i, document);
      proximity += left < 0 || right < 0 ? 0 : minGap(left, right, isExact);
      left = right;
    }
    return proximity;
  }

  /**
   * The position mask of a word in the document that the cursors stand at; -1 as long as it is not
   * known.
   */
  #mask(state: Tier, word: number, document: number): number {
    if (word !== state.prefixWord) {
      return state.segment.positionMasks[this.#cursors[word] as number] as number;
    }
    return hasMasks(state) ? (this.#prefixMasks[document] as number) : -1;
  }

  /**
   * Unites the position masks of all terms that begin with the prefix, by document. This costs a
   * step a posting, and then spares to read most documents: it is worth it after so many documents
   * have been read.
   */
  #gatherPrefix(state: Tier): void {
    const { segment, matcher, prefixWord } = state;
    const { documents, positionMasks, postingStarts } = segment;
    const { from, to } = this.#prefixRange(segment, matcher, prefixWord);
    const masks = this.#prefixMasks.fill(0, 0, segment.size);
    const end = postingStarts[to] as number;
    for (let p = postingStarts[from] as number; p < end; p++) {
      const document = documents[p] as number;
      masks[document] = (masks[document] as number) | (positionMasks[p] as number);
    }
    state.candidatesLeft = Number.POSITIVE_INFINITY;
  }

  #prefixRange(segment: Segment, matcher: QueryMatcher, prefixWord: number): TermRange {
    return ordinalRange(
      segment,
      this.#table,
      (matcher.words[prefixWord] as WordMatcher).prefixRange,
    );
  }
}

/** Whether the position masks of all words are known. */
function hasMasks({ candidatesLeft }: Tier): boolean {
  return candidatesLeft === Number.POSITIVE_INFINITY;
}

/** How many candidates wait at most. */
function maxCandidates({ capacity }: TopHits): number {
  return Math.min(MAX_CANDIDATES, Math.max(MIN_CANDIDATES, CANDIDATES_PER_HIT * capacity));
}
