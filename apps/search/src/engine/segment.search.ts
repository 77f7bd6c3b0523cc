import { bitmapOf, clearBit, countBits, hasBit } from './bitmap.ts';
import type { Matcher, QueryMatcher } from './query.matcher.ts';
import { MAX_WORDS } from './query.parser.ts';
import { bm25Needed, FAR, score, UNIT } from './ranking.ts';
import {
  BLOCK,
  bisect,
  impactOnce,
  lowerBound,
  MAX_TOKENS,
  markPostings,
  readTokens,
  SEGMENT_DOCUMENTS,
  type Segment,
} from './segment.ts';
import type { TermTable } from './term.table.ts';
import type { TopHits } from './top.hits.ts';

/** Neighbouring terms of a segment, by their index in `terms`. */
interface Span {
  from: number;
  to: number;
}

const NONE: Span = { from: 0, to: 0 };

/** Reading a document costs about as much as marking this many postings. */
const READING_COST = 100;

/**
 * Searches sealed segments, one at a time. Matches are found as bitmaps, a bit a document, which also count them. Their order comes from bounds: what the
 * postings tell of a document's score decides whether it could enter the top; only then is it read, for its exact proximity.
 */
export class SegmentSearch {
  readonly #table: TermTable;
  // Scratch, reused by every search: one runs to its end before the next begins.
  readonly #tokens = new Uint32Array(MAX_TOKENS);
  readonly #hits = bitmapOf(SEGMENT_DOCUMENTS);
  readonly #marks = bitmapOf(SEGMENT_DOCUMENTS);
  readonly #cursors = new Int32Array(MAX_WORDS);

  constructor(table: TermTable) {
    this.#table = table;
  }

  /** Offers the segment's matches to `top` and returns how many there are. */
  search(segment: Segment, matcher: QueryMatcher, user: number | undefined, top: TopHits): number {
    const [word, ...others] = matcher.words;
    if (word && others.length === 0 && !matcher.mustRead) return this.#searchOne(segment, word, matcher, user, top);

    const spans = matcher.words.map((word) => this.#spans(segment, word));
    const costs = spans.map((list) => list.reduce((sum, span) => sum + postingsOf(segment, span), 0));
    const least = Math.min(...costs);
    if (least === 0) return 0;

    const isRare = costs.reduce((sum, cost) => sum + cost, 0) > least * READING_COST;
    this.#hits.set(segment.live);
    spans.forEach((list, i) => {
      if (!isRare || costs[i] === least) this.#intersect(segment, list);
    });
    if (!isRare) {
      for (const phrase of matcher.phrases) {
        for (let i = 1; i < phrase.length; i++) this.#keepNeighbours(segment, phrase[i - 1] ?? -1, phrase[i] ?? -1);
      }
    }
    if (isRare || matcher.mustRead) return this.#readAll(segment, matcher, user, top);
    this.#restrict(segment, matcher, user, this.#hits);
    const total = countBits(this.#hits, segment.live.length);
    if (total > 0) this.#rank(segment, matcher, top);
    return total;
  }

  /** A query of one word needs no reading: a document's best way to match is its tier. */
  #searchOne(segment: Segment, word: Matcher, matcher: QueryMatcher, user: number | undefined, top: TopHits): number {
    const length = segment.live.length;
    const seen = this.#hits.fill(0, 0, length);
    const fresh = this.#marks;
    this.#tiers(segment, word).forEach((spans, tier) => {
      if (spans.length === 0) return;
      fresh.fill(0, 0, length);
      for (const span of spans) mark(segment, span, fresh);
      for (let i = 0; i < length; i++) fresh[i] = (fresh[i] ?? 0) & (segment.live[i] ?? 0) & ~(seen[i] ?? 0);
      this.#restrict(segment, matcher, user, fresh);
      for (let i = 0; i < length; i++) seen[i] = (seen[i] ?? 0) | (fresh[i] ?? 0);
      if (tier === 0) rankByImpact(segment, spans[0] ?? NONE, word.idf, fresh, top);
      else rankByLength(segment, tier, fresh, top);
    });
    return countBits(seen, length);
  }

  /** The terms that match a word, by the tier that they put a document in. */
  #tiers(segment: Segment, word: Matcher): Span[][] {
    const exact = this.#span(segment, word.term);
    const prefix = this.#prefixSpan(segment, word);
    const tiers = [
      exact.to > exact.from ? [exact] : [],
      prefix.to - prefix.from > exact.to - exact.from ? [prefix] : [],
    ];
    for (const [term, typos] of word.similar) {
      const span = this.#span(segment, term);
      if (span.to === span.from) continue;
      while (tiers.length <= 1 + typos) tiers.push([]);
      tiers[1 + typos]?.push(span);
    }
    return tiers;
  }

  #spans(segment: Segment, word: Matcher): Span[] {
    return this.#tiers(segment, word).flat();
  }

  #span(segment: Segment, term: number): Span {
    // Terms met since the last segment was sealed have no rank, and stand in no segment.
    const rank = this.#table.ranks[term];
    if (rank === undefined) return NONE;
    const from = lowerBound(segment, this.#table, rank);
    return segment.terms[from] === term ? { from, to: from + 1 } : NONE;
  }

  #prefixSpan(segment: Segment, word: Matcher): Span {
    if (word.from === word.to) return NONE;
    return { from: lowerBound(segment, this.#table, word.from), to: lowerBound(segment, this.#table, word.to) };
  }

  #intersect(segment: Segment, spans: Span[]): void {
    const hits = this.#hits;
    const marks = this.#marks.fill(0, 0, segment.live.length);
    for (const span of spans) mark(segment, span, marks);
    for (let i = 0; i < segment.live.length; i++) hits[i] = (hits[i] ?? 0) & (marks[i] ?? 0);
  }

  /** Removes from `bits` what the query excludes by a single word, and what others than the user signed. */
  #restrict(segment: Segment, matcher: QueryMatcher, user: number | undefined, bits: Uint32Array): void {
    for (const [term] of matcher.excluded) {
      const { from, to } = this.#span(segment, term ?? -1);
      for (let p = segment.offsets[from] ?? 0; p < (segment.offsets[to] ?? 0); p++) {
        clearBit(bits, segment.documents[p] ?? 0);
      }
    }
    if (user === undefined) return;
    forEachBit(bits, segment.live.length, (document) => {
      if (segment.users[document] !== user) clearBit(bits, document);
    });
  }

  /** Rates every document of #hits by reading it; returns how many match. */
  #readAll(segment: Segment, matcher: QueryMatcher, user: number | undefined, top: TopHits): number {
    let total = 0;
    forEachBit(this.#hits, segment.live.length, (document) => {
      if (user !== undefined && segment.users[document] !== user) return;
      const rating = matcher.rate(this.#tokens, readTokens(segment, document, this.#tokens));
      if (rating < 0) return;
      total++;
      if (rating >= top.worst) top.offer(segment.ids[document] ?? 0, rating);
    });
    return total;
  }

  /** Offers the documents of #hits: first those that hold the last word itself, then those that hold it only as a prefix. */
  #rank(segment: Segment, matcher: QueryMatcher, top: TopHits): void {
    const length = segment.live.length;
    const spans = matcher.words.map((word) => this.#span(segment, word.term));
    const bits = this.#marks.fill(0, 0, length);
    mark(segment, spans.at(-1) ?? NONE, bits);
    for (let i = 0; i < length; i++) bits[i] = (bits[i] ?? 0) & (this.#hits[i] ?? 0);
    this.#rankTier(segment, matcher, spans, 0, bits, top);
    for (let i = 0; i < length; i++) bits[i] = (this.#hits[i] ?? 0) & ~(bits[i] ?? 0);
    this.#rankTier(segment, matcher, spans.slice(0, -1), 1, bits, top);
  }

  /**
   * `spans` are of the words that the documents of `bits` hold themselves. Walks the postings of the rarest of them, and passes over those whose impact is too
   * low even if all other words had their highest.
   */
  #rankTier(
    segment: Segment,
    matcher: QueryMatcher,
    spans: Span[],
    tier: number,
    bits: Uint32Array,
    top: TopHits,
  ): void {
    let needed = bm25Needed(top.worst, tier);
    if (needed === Number.POSITIVE_INFINITY) return;
    const { documents, impacts } = segment;
    const counts = spans.map((span) => postingsOf(segment, span));
    const rarest = counts.indexOf(Math.min(...counts));
    const idf = matcher.words[rarest]?.idf ?? 0;
    let others = tier === 1 ? UNIT * 255 : 0;
    spans.forEach((span, i) => {
      this.#cursors[i] = (segment.offsets[span.to] ?? 0) - 1;
      if (i !== rarest) others += (matcher.words[i]?.idf ?? 0) * peakOf(segment, span);
    });
    const first = segment.offsets[spans[rarest]?.from ?? 0] ?? 0;
    for (let p = this.#cursors[rarest] ?? 0; p >= first; p--) {
      if (idf * (impacts[p] ?? 0) + others < needed) continue;
      const document = documents[p] ?? 0;
      if (!hasBit(bits, document)) continue;
      if (this.#bound(segment, matcher, spans.length, tier, document, needed) < top.worst) continue;
      const rating = matcher.rate(this.#tokens, readTokens(segment, document, this.#tokens));
      if (rating < top.worst) continue;
      top.offer(segment.ids[document] ?? 0, rating);
      needed = bm25Needed(top.worst, tier);
    }
  }

  /** The score that the document has at most; moves the cursors of the `exact` first words, which only ever go down, to its postings. */
  #bound(
    segment: Segment,
    matcher: QueryMatcher,
    exact: number,
    tier: number,
    document: number,
    needed: number,
  ): number {
    const { documents, impacts, places } = segment;
    let bm25 = 0;
    for (let i = 0; i < exact; i++) {
      let p = this.#cursors[i] ?? 0;
      while ((documents[p] ?? 0) > document) p--;
      this.#cursors[i] = p;
      bm25 += (matcher.words[i]?.idf ?? 0) * (impacts[p] ?? 0);
    }
    if (tier === 1) bm25 += UNIT * impactOnce(segment.lengths[document] ?? 0);
    if (bm25 < needed) return Number.NEGATIVE_INFINITY;
    let proximity = 0;
    for (let i = 1; i < exact; i++) {
      proximity += leastGap(places[this.#cursors[i - 1] ?? 0] ?? 0, places[this.#cursors[i] ?? 0] ?? 0);
    }
    return score(tier, proximity, bm25);
  }

  /** Removes from #hits what cannot have the two terms side by side. */
  #keepNeighbours(segment: Segment, left: number, right: number): void {
    const { documents, places, offsets } = segment;
    const span = this.#span(segment, left);
    let q = (offsets[this.#span(segment, right).to] ?? 0) - 1;
    for (let p = (offsets[span.to] ?? 0) - 1; p >= (offsets[span.from] ?? 0); p--) {
      const document = documents[p] ?? 0;
      if (!hasBit(this.#hits, document)) continue;
      while ((documents[q] ?? 0) > document) q--;
      if (leastGap(places[p] ?? 0, places[q] ?? 0) > 0) clearBit(this.#hits, document);
    }
  }
}

function postingsOf(segment: Segment, span: Span): number {
  return (segment.offsets[span.to] ?? 0) - (segment.offsets[span.from] ?? 0);
}

/** The highest impact among the postings, or a little more: that of their blocks. */
function peakOf(segment: Segment, span: Span): number {
  let peak = 0;
  const last = Math.floor(((segment.offsets[span.to] ?? 0) - 1) / BLOCK);
  for (let block = Math.floor((segment.offsets[span.from] ?? 0) / BLOCK); block <= last; block++) {
    peak = Math.max(peak, segment.peaks[block] ?? 0);
  }
  return peak;
}

/** Sets the bits of the documents that hold any of the terms. */
function mark(segment: Segment, span: Span, bits: Uint32Array): void {
  const length = segment.live.length;
  let next = span.from;
  for (let row = bisect(segment.common.length, (i) => (segment.common[i] ?? 0) < span.from); ; row++) {
    const common = Math.min(segment.common[row] ?? span.to, span.to);
    markPostings(segment.documents, segment.offsets[next] ?? 0, segment.offsets[common] ?? 0, bits);
    if (common === span.to) return;
    const start = row * length;
    for (let i = 0; i < length; i++) bits[i] = (bits[i] ?? 0) | (segment.bitmaps[start + i] ?? 0);
    next = common + 1;
  }
}

/** Offers the documents of `bits` that hold the one term of `span`. */
function rankByImpact(segment: Segment, span: Span, idf: number, bits: Uint32Array, top: TopHits): void {
  const from = segment.offsets[span.from] ?? 0;
  let needed = bm25Needed(top.worst, 0);
  for (let p = (segment.offsets[span.to] ?? 0) - 1; p >= from; ) {
    const block = Math.floor(p / BLOCK);
    const first = Math.max(from, block * BLOCK);
    if (idf * (segment.peaks[block] ?? 0) < needed) p = first - 1;
    for (; p >= first; p--) {
      const bm25 = idf * (segment.impacts[p] ?? 0);
      if (bm25 < needed) continue;
      const document = segment.documents[p] ?? 0;
      const rating = score(0, 0, bm25);
      if (rating < top.worst || !hasBit(bits, document)) continue;
      top.offer(segment.ids[document] ?? 0, rating);
      needed = bm25Needed(top.worst, 0);
    }
  }
}

/** Offers the documents of `bits`, which match one word inexactly. */
function rankByLength(segment: Segment, tier: number, bits: Uint32Array, top: TopHits): void {
  let needed = bm25Needed(top.worst, tier);
  if (needed === Number.POSITIVE_INFINITY) return;
  forEachBit(bits, segment.live.length, (document) => {
    const bm25 = UNIT * impactOnce(segment.lengths[document] ?? 0);
    if (bm25 < needed) return;
    const rating = score(tier, 0, bm25);
    if (rating < top.worst) return;
    top.offer(segment.ids[document] ?? 0, rating);
    needed = bm25Needed(top.worst, tier);
  });
}

/** How many words stand between two at the closest, or fewer, given their places modulo 16 as bits. See proximity in ranking.ts. */
function leastGap(left: number, right: number): number {
  if (rotate(left, 1) & right) return 0;
  for (let gap = 1; gap < FAR; gap++) {
    if (rotate(left, gap + 1) & right || rotate(right, gap) & left) return gap;
  }
  return FAR;
}

function rotate(places: number, by: number): number {
  return ((places << by) | (places >>> (16 - by))) & 0xffff;
}

/** Calls `visit` with each member, the highest first. It may clear the bit that it is called with. */
function forEachBit(bits: Uint32Array, length: number, visit: (at: number) => void): void {
  for (let i = length - 1; i >= 0; i--) {
    for (let rest = bits[i] ?? 0; rest !== 0; ) {
      const bit = 31 - Math.clz32(rest);
      rest &= ~(1 << bit);
      visit(i * 32 + bit);
    }
  }
}
