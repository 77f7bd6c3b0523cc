import { bisect } from './bisect.ts';
import { bitmapOf, bitsOf, clearBit, countBits, hasBit, markPostings } from './bitmap.ts';
import type { Matcher, Phrase, QueryMatcher } from './query.matcher.ts';
import { MAX_WORDS } from './query.parser.ts';
import { bm25Needed, FAR, impactOnce, score, UNIT } from './ranking.ts';
import { BLOCK, MAX_TOKENS, SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import { lowerBound, readTokens } from './segment.reader.ts';
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
/** Documents of a segment that are read at most only because there are few of them. */
const FEW_DOCUMENTS = 64;
/** Postings to the next one wanted up to which steps are quicker than leaps. */
const NEAR = 8;
/** Tokens of a document up to which its `places` are exact. */
const PLACES = 16;

/**
 * Searches sealed segments, one at a time. Matches are found as bitmaps, a bit a document, which also count them. Their order comes from bounds: what the
 * postings tell of a document's score decides whether it could enter the top; only then is it read, for its exact proximity.
 */
export class SegmentSearch {
  readonly #table: TermTable;
  // Scratch, reused by every search: one runs to its end before the next begins.
  readonly #tokens = new Uint32Array(MAX_TOKENS);
  readonly #hits = bitmapOf(SEGMENT_DOCUMENTS);
  readonly #fresh = bitmapOf(SEGMENT_DOCUMENTS);
  readonly #candidates = bitmapOf(SEGMENT_DOCUMENTS);
  readonly #marks = bitmapOf(SEGMENT_DOCUMENTS);
  readonly #made = bitmapOf(MAX_WORDS * SEGMENT_DOCUMENTS);
  readonly #cursors = new Int32Array(MAX_WORDS);

  constructor(table: TermTable) {
    this.#table = table;
  }

  /** Offers the segment's matches to `top` and returns how many there are. */
  search(segment: Segment, matcher: QueryMatcher, user: number | undefined, top: TopHits): number {
    const [word, ...others] = matcher.words;
    if (word && others.length === 0) return this.#searchOne(segment, word, matcher, user, top);

    const found = matcher.words.map((word) => {
      const spans = this.#tiers(segment, word).flat();
      return { spans, cost: spans.reduce((sum, span) => sum + postingsOf(segment, span), 0) };
    });
    found.sort((a, b) => a.cost - b.cost);
    const [rarest] = found;
    if (rarest === undefined || rarest.cost === 0) return 0;

    this.#hits.set(segment.live);
    const sum = found.reduce((sum, { cost }) => sum + cost, 0);
    if (rarest.cost <= FEW_DOCUMENTS && sum > rarest.cost * READING_COST) {
      this.#intersect(segment, rarest.spans, this.#hits);
      return this.#readAll(segment, user, top, (length) => matcher.match(this.#tokens, length));
    }
    for (const { spans } of found) this.#intersect(segment, spans, this.#hits);
    this.#restrict(segment, matcher, user, this.#hits);
    if (matcher.mustRead) {
      return this.#readAll(segment, undefined, top, (length) => matcher.rate(this.#tokens, length));
    }
    const total = countBits(this.#hits, segment.live.length);
    if (total > 0) this.#rank(segment, matcher, top);
    return total;
  }

  /** A query of one word needs no reading: a document's best way to match is its tier. */
  #searchOne(segment: Segment, word: Matcher, matcher: QueryMatcher, user: number | undefined, top: TopHits): number {
    const length = segment.live.length;
    const seen = this.#hits.fill(0, 0, length);
    const fresh = this.#fresh;
    this.#tiers(segment, word).forEach((spans, tier) => {
      if (spans.length === 0) return;
      fresh.fill(0, 0, length);
      for (const span of spans) mark(segment, span, fresh);
      for (let i = 0; i < length; i++)
        fresh[i] = (fresh[i] as number) & (segment.live[i] as number) & ~(seen[i] as number);
      this.#restrict(segment, matcher, user, fresh);
      for (let i = 0; i < length; i++) seen[i] = (seen[i] as number) | (fresh[i] as number);
      if (tier === 0) rankByImpact(segment, spans[0] as Span, word.idf, fresh, top);
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

  /** Removes from `bits` what holds none of the terms. */
  #intersect(segment: Segment, spans: Span[], bits: Uint32Array): void {
    const { length } = segment.live;
    const [first = NONE, ...others] = spans;
    const row = others.length === 0 && first.to === first.from + 1 ? commonRow(segment, first.from) : -1;
    const terms = row < 0 ? this.#marks.fill(0, 0, length) : segment.bitmaps;
    if (row < 0) for (const span of spans) mark(segment, span, terms);
    const start = Math.max(0, row) * length;
    for (let i = 0; i < length; i++) bits[i] = (bits[i] as number) & (terms[start + i] as number);
  }

  /** Removes from `bits` what the query excludes, what lacks one of its phrases, and what others than the user signed. */
  #restrict(segment: Segment, matcher: QueryMatcher, user: number | undefined, bits: Uint32Array): void {
    for (const { terms } of matcher.excluded) {
      if (terms.length === 1) remove(segment, this.#span(segment, terms[0] as number), bits);
    }
    if (user !== undefined) keepSigned(segment, user, bits);
    for (const phrase of matcher.phrases) this.#filterPhrase(segment, phrase, bits, true);
    for (const phrase of matcher.excluded) {
      if (phrase.terms.length > 1) this.#filterPhrase(segment, phrase, bits, false);
    }
  }

  /** Keeps of `bits` what holds the phrase, or what does not. */
  #filterPhrase(segment: Segment, phrase: Phrase, bits: Uint32Array, isWanted: boolean): void {
    const { length } = segment.live;
    const candidates = this.#candidates;
    candidates.set(bits.subarray(0, length));
    const spans = phrase.terms.map((term) => this.#span(segment, term));
    for (const span of spans) this.#intersect(segment, [span], candidates);
    const isExact = this.#intersectPairs(segment, spans) && spans.length === 2;
    if (isWanted) bits.set(candidates.subarray(0, length));
    const count = countBits(candidates, length);
    if (isExact) {
      if (!isWanted) for (let i = 0; i < length; i++) bits[i] = (bits[i] as number) & ~(candidates[i] as number);
    } else if (count > FEW_DOCUMENTS) {
      this.#filterPlaces(segment, phrase, spans, bits, isWanted);
    } else if (count > 0) {
      forEachBit(candidates, length, (document) => {
        if (holds(segment, document, phrase.bytes) !== isWanted) clearBit(bits, document);
      });
    }
  }

  /** Removes from #candidates what lacks a pair of neighbours that has a bitmap; tells whether the last pair has one. */
  #intersectPairs(segment: Segment, spans: Span[]): boolean {
    const { common, pairs, pairBitmaps, live } = segment;
    const candidates = this.#candidates;
    const rows = spans.map(({ from, to }) => (from === to ? -1 : commonRow(segment, from)));
    let isFound = false;
    for (let i = 1; i < rows.length; i++) {
      const [left = -1, right = -1] = rows.slice(i - 1);
      const pair = left < 0 || right < 0 ? -1 : left * common.length + right;
      const at = bisect(pairs.length, (i) => (pairs[i] as number) < pair);
      isFound = pairs[at] === pair;
      if (!isFound) continue;
      const start = at * live.length;
      for (let i = 0; i < live.length; i++)
        candidates[i] = (candidates[i] as number) & (pairBitmaps[start + i] as number);
    }
    return isFound;
  }

  /** Filters those of `bits` that are in #candidates too, by the places of the terms where these can tell. */
  #filterPlaces(segment: Segment, phrase: Phrase, spans: Span[], bits: Uint32Array, isWanted: boolean): void {
    const maps = spans.map((span, i) => this.#bitmap(segment, span, i));
    // The posting of each term for the first document of a word of its bitmap: how many more there are up to a document are the bits before its own.
    const next = Int32Array.from(spans, ({ from }) => segment.offsets[from] as number);
    for (let i = 0; i < segment.live.length; i++) {
      for (let rest = this.#candidates[i] as number; rest !== 0; rest &= rest - 1) {
        const bit = rest & -rest;
        const document = i * 32 + 31 - Math.clz32(bit);
        const isShort = (segment.lengths[document] as number) <= PLACES;
        const found =
          stand(segment, maps, next, i, bit, isShort) && (isShort || holds(segment, document, phrase.bytes));
        if (found !== isWanted) bits[i] = (bits[i] as number) & ~bit;
      }
      for (let t = 0; t < maps.length; t++)
        next[t] = (next[t] as number) + bitsOf((maps[t] as Uint32Array)[i] as number);
    }
  }

  /** The documents that hold a term; for a rare one it is made, in scratch of that number. */
  #bitmap(segment: Segment, span: Span, number: number): Uint32Array {
    const { length } = segment.live;
    const row = commonRow(segment, span.from);
    if (row >= 0) return segment.bitmaps.subarray(row * length, (row + 1) * length);
    const made = this.#made.subarray(number * length, (number + 1) * length).fill(0);
    mark(segment, span, made);
    return made;
  }

  /** Rates every document of #hits, decoded into #tokens; returns how many match. */
  #readAll(segment: Segment, user: number | undefined, top: TopHits, rate: (length: number) => number): number {
    let total = 0;
    forEachBit(this.#hits, segment.live.length, (document) => {
      if (user !== undefined && segment.users[document] !== user) return;
      const rating = rate(readTokens(segment, document, this.#tokens));
      if (rating < 0) return;
      total++;
      if (rating >= top.worst) top.offer(segment.ids[document] as number, rating);
    });
    return total;
  }

  /** Offers the documents of #hits: first those that hold all words themselves, then those that hold one only as a prefix. */
  #rank(segment: Segment, matcher: QueryMatcher, top: TopHits): void {
    const length = segment.live.length;
    const spans = matcher.words.map((word) => this.#span(segment, word.term));
    const prefix = matcher.words.findIndex(({ from, to }) => from < to);
    const bits = this.#fresh;
    bits.set(this.#hits.subarray(0, length));
    if (prefix >= 0) this.#intersect(segment, [spans[prefix] as Span], bits);
    this.#rankTier(segment, matcher, spans, -1, bits, top);
    if (prefix < 0) return;
    for (let i = 0; i < length; i++) bits[i] = (this.#hits[i] as number) & ~(bits[i] as number);
    this.#rankTier(segment, matcher, spans, prefix, bits, top);
  }

  /**
   * `spans` are of the words that the documents of `bits` hold themselves, all but word number `inexact`. Passes over those whose impact for the rarest of
   * them is too low even if all other words had their highest.
   */
  #rankTier(
    segment: Segment,
    matcher: QueryMatcher,
    spans: Span[],
    inexact: number,
    bits: Uint32Array,
    top: TopHits,
  ): void {
    const tier = inexact < 0 ? 0 : 1;
    let needed = bm25Needed(top.worst, tier);
    if (needed === Number.POSITIVE_INFINITY) return;
    const { documents, impacts } = segment;
    const firsts = spans.map((span) => segment.offsets[span.from] as number);
    let rarest = inexact === 0 ? 1 : 0;
    let others = 0;
    spans.forEach((span, i) => {
      this.#cursors[i] = (segment.offsets[span.to] as number) - 1;
      if (i !== inexact && postingsOf(segment, span) < postingsOf(segment, spans[rarest] as Span)) rarest = i;
    });
    spans.forEach((span, i) => {
      if (i !== rarest)
        others += i === inexact ? UNIT * 255 : (matcher.words[i] as Matcher).idf * peakOf(segment, span);
    });
    const idf = (matcher.words[rarest] as Matcher).idf;
    const first = firsts[rarest] as number;
    let p = this.#cursors[rarest] as number;
    const offer = (document: number) => {
      this.#cursors[rarest] = p;
      if (this.#offer(segment, matcher, firsts, inexact, document, needed, top)) needed = bm25Needed(top.worst, tier);
    };
    if (countBits(bits, segment.live.length) * NEAR < p - first) {
      forEachBit(bits, segment.live.length, (document) => {
        p = seek(documents, p, first, document);
        if (idf * (impacts[p] as number) + others >= needed) offer(document);
      });
      return;
    }
    for (; p >= first; p--) {
      if (idf * (impacts[p] as number) + others < needed) continue;
      const document = documents[p] as number;
      if (hasBit(bits, document)) offer(document);
    }
  }

  /** Offers the document to `top`, unless its bound or its rating is too low; tells whether it did. */
  #offer(
    segment: Segment,
    matcher: QueryMatcher,
    firsts: number[],
    inexact: number,
    document: number,
    needed: number,
    top: TopHits,
  ): boolean {
    let rating = this.#bound(segment, matcher, firsts, inexact, document, needed);
    if (rating < top.worst) return false;
    // A bound is exact when it knows the places of all words.
    if (inexact >= 0 || (segment.lengths[document] as number) > PLACES) {
      rating = matcher.rate(this.#tokens, readTokens(segment, document, this.#tokens));
      if (rating < top.worst) return false;
    }
    top.offer(segment.ids[document] as number, rating);
    return true;
  }

  /** The score that the document has at most; moves the cursors, which only ever go down, to its postings. */
  #bound(
    segment: Segment,
    matcher: QueryMatcher,
    firsts: number[],
    inexact: number,
    document: number,
    needed: number,
  ): number {
    const { documents, impacts, places } = segment;
    const length = segment.lengths[document] as number;
    let bm25 = 0;
    for (let i = 0; i < firsts.length; i++) {
      if (i === inexact) {
        bm25 += UNIT * impactOnce(length);
        continue;
      }
      const p = seek(documents, this.#cursors[i] as number, firsts[i] as number, document);
      this.#cursors[i] = p;
      bm25 += (matcher.words[i] as Matcher).idf * (impacts[p] as number);
    }
    if (bm25 < needed) return Number.NEGATIVE_INFINITY;
    let proximity = 0;
    for (let i = 1; i < firsts.length; i++) {
      if (i === inexact || i - 1 === inexact) continue;
      const left = places[this.#cursors[i - 1] as number] as number;
      proximity += leastGap(left, places[this.#cursors[i] as number] as number, length <= PLACES);
    }
    return score(inexact < 0 ? 0 : 1, proximity, bm25);
  }
}

function postingsOf(segment: Segment, span: Span): number {
  return (segment.offsets[span.to] as number) - (segment.offsets[span.from] as number);
}

/** The highest impact among the postings, or a little more: that of their blocks. */
function peakOf(segment: Segment, span: Span): number {
  let peak = 0;
  const last = Math.floor(((segment.offsets[span.to] as number) - 1) / BLOCK);
  for (let block = Math.floor((segment.offsets[span.from] as number) / BLOCK); block <= last; block++) {
    peak = Math.max(peak, segment.peaks[block] as number);
  }
  return peak;
}

/** Sets the bits of the documents that hold any of the terms. */
function mark(segment: Segment, span: Span, bits: Uint32Array): void {
  const length = segment.live.length;
  let next = span.from;
  for (let row = bisect(segment.common.length, (i) => (segment.common[i] as number) < span.from); ; row++) {
    const common = Math.min(segment.common[row] ?? span.to, span.to);
    markPostings(segment.documents, segment.offsets[next] as number, segment.offsets[common] as number, bits);
    if (common === span.to) return;
    const start = row * length;
    for (let i = 0; i < length; i++) bits[i] = (bits[i] as number) | (segment.bitmaps[start + i] as number);
    next = common + 1;
  }
}

/** Offers the documents of `bits` that hold the one term of `span`. */
function rankByImpact(segment: Segment, span: Span, idf: number, bits: Uint32Array, top: TopHits): void {
  const from = segment.offsets[span.from] as number;
  let needed = bm25Needed(top.worst, 0);
  for (let p = (segment.offsets[span.to] as number) - 1; p >= from; ) {
    const block = Math.floor(p / BLOCK);
    const first = Math.max(from, block * BLOCK);
    if (idf * (segment.peaks[block] as number) < needed) p = first - 1;
    for (; p >= first; p--) {
      const bm25 = idf * (segment.impacts[p] as number);
      if (bm25 < needed) continue;
      const document = segment.documents[p] as number;
      const rating = score(0, 0, bm25);
      if (rating < top.worst || !hasBit(bits, document)) continue;
      top.offer(segment.ids[document] as number, rating);
      needed = bm25Needed(top.worst, 0);
    }
  }
}

/** Offers the documents of `bits`, which match one word inexactly. */
function rankByLength(segment: Segment, tier: number, bits: Uint32Array, top: TopHits): void {
  let needed = bm25Needed(top.worst, tier);
  if (needed === Number.POSITIVE_INFINITY) return;
  forEachBit(bits, segment.live.length, (document) => {
    const bm25 = UNIT * impactOnce(segment.lengths[document] as number);
    if (bm25 < needed) return;
    const rating = score(tier, 0, bm25);
    if (rating < top.worst) return;
    top.offer(segment.ids[document] as number, rating);
    needed = bm25Needed(top.worst, tier);
  });
}

/**
 * How many words stand between two at the closest, given their places modulo 16 as bits, or fewer if the document is longer than that. See proximity in
 * ranking.ts.
 */
function leastGap(left: number, right: number, isShort: boolean): number {
  if (after(left, 1, isShort) & right) return 0;
  for (let gap = 1; gap < FAR; gap++) {
    if (after(left, gap + 1, isShort) & right || after(right, gap, isShort) & left) return gap;
  }
  return FAR;
}

/** The places so many words behind others; modulo 16, unless the document is so short that they have an end. */
function after(places: number, by: number, isShort: boolean): number {
  return ((places << by) | (isShort ? 0 : places >>> (16 - by))) & 0xffff;
}

/** The posting of a document, which has one, among those from `first` to `from`: near `from` step by step, else galloping down. */
function seek(documents: Uint16Array, from: number, first: number, document: number): number {
  let high = from;
  const near = Math.max(first, from - NEAR);
  while (high > near && (documents[high] as number) > document) high--;
  if ((documents[high] as number) <= document) return high;
  let low = high;
  for (let step = NEAR; low > first && (documents[low] as number) > document; step *= 2) {
    high = low;
    low = Math.max(first, low - step);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((documents[middle] as number) < document) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Whether the terms of `maps` stand one behind the other, as far as their places tell, in the document of that bit of word i. `next` are the terms' first
 * postings in that word.
 */
function stand(
  { places }: Segment,
  maps: Uint32Array[],
  next: Int32Array,
  i: number,
  bit: number,
  isShort: boolean,
): boolean {
  let ends = 0xffff;
  for (let t = 0; t < maps.length && ends !== 0; t++) {
    const p = (next[t] as number) + bitsOf(((maps[t] as Uint32Array)[i] as number) & (bit - 1));
    ends = (t === 0 ? ends : after(ends, 1, isShort)) & (places[p] as number);
  }
  return ends !== 0;
}

/** Whether a document's tokens hold the phrase. */
function holds({ tokens, starts }: Segment, document: number, phrase: Uint8Array): boolean {
  const start = starts[document] as number;
  const end = (starts[document + 1] as number) - phrase.length;
  const first = phrase[0];
  for (let at = start; at <= end; at++) {
    // A number begins behind the last byte of another, which has its top bit clear.
    if (tokens[at] !== first || (at > start && (tokens[at - 1] as number) >= 0x80)) continue;
    let same = 1;
    while (same < phrase.length && tokens[at + same] === phrase[same]) same++;
    if (same === phrase.length) return true;
  }
  return false;
}

/** Place of a term's bitmap among the common ones, or -1. */
function commonRow(segment: Segment, term: number): number {
  const row = bisect(segment.common.length, (i) => (segment.common[i] as number) < term);
  return segment.common[row] === term ? row : -1;
}

/** Clears the bits of the documents that hold the term. */
function remove(segment: Segment, span: Span, bits: Uint32Array): void {
  const { length } = segment.live;
  const row = span.from === span.to ? -1 : commonRow(segment, span.from);
  if (row >= 0) {
    for (let i = 0; i < length; i++) bits[i] = (bits[i] as number) & ~(segment.bitmaps[row * length + i] as number);
    return;
  }
  for (let p = segment.offsets[span.from] as number; p < (segment.offsets[span.to] as number); p++) {
    clearBit(bits, segment.documents[p] as number);
  }
}

/** Clears the bits of the documents that others than the user signed. */
function keepSigned(segment: Segment, user: number, bits: Uint32Array): void {
  for (let i = 0; i < segment.live.length; i++) {
    let kept = 0;
    for (let rest = bits[i] as number; rest !== 0; ) {
      const bit = 31 - Math.clz32(rest);
      rest &= ~(1 << bit);
      if (segment.users[i * 32 + bit] === user) kept |= 1 << bit;
    }
    bits[i] = kept;
  }
}

/** Calls `visit` with each member, the highest first. It may clear the bit that it is called with. */
function forEachBit(bits: Uint32Array, length: number, visit: (at: number) => void): void {
  for (let i = length - 1; i >= 0; i--) {
    for (let rest = bits[i] as number; rest !== 0; ) {
      const bit = 31 - Math.clz32(rest);
      rest &= ~(1 << bit);
      visit(i * 32 + bit);
    }
  }
}
