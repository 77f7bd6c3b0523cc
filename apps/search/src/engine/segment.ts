import { bitmapOf, clearBit, hasBit } from './bitmap.ts';
import { impact } from './ranking.ts';
import type { TermTable } from './term.table.ts';

/** Documents a segment holds at most: they are numbered within it by 16 bits. */
export const SEGMENT_DOCUMENTS = 65_536;

/** Most tokens of a document that are indexed; a quote of 2000 characters has fewer. */
export const MAX_TOKENS = 65_535;

/** Postings to a block, see `peaks`. */
export const BLOCK = 64;

/** A document as it comes: term numbers in the order of the text. */
export interface Document {
  id: number;
  user: number;
  terms: Uint32Array;
}

/**
 * A sealed run of documents, numbered from 0, in flat arrays. Nothing changes after building but `live`. Drawn in docs/search.md.
 */
export interface Segment extends Forward, Inverted {
  /** The documents in ascending order of id. */
  byId: Uint16Array;
  /** A bit a document: not deleted. */
  live: Uint32Array;
  liveCount: number;
}

/** What each document holds: its tokens' term numbers are varints in `tokens[starts[d] .. starts[d + 1]]`. */
interface Forward {
  size: number;
  ids: Float64Array;
  users: Uint32Array;
  lengths: Uint16Array;
  starts: Uint32Array;
  tokens: Uint8Array;
}

/**
 * Where each term stands. `terms[i]` is a term's number, in text order, so that the terms with a common prefix are neighbours; its postings lie from
 * `offsets[i]` to `offsets[i + 1]`.
 */
interface Inverted {
  terms: Uint32Array;
  offsets: Uint32Array;
  /** A posting's document; ascending within a term. */
  documents: Uint16Array;
  /** A posting's weight in BM25. */
  impacts: Uint8Array;
  /** A posting's positions modulo 16, as bits: tells how close two words stand at best. */
  places: Uint16Array;
  /** The highest impact of every BLOCK postings. */
  peaks: Uint8Array;
  /** Indexes in `terms` of the terms so common that a bitmap of their documents is quicker to use; ascending. */
  common: Uint32Array;
  /** Those bitmaps, one behind the other, each as long as `live`. */
  bitmaps: Uint32Array;
  /** Pairs of common terms that stand side by side as commonly, as `left * common.length + right` by their places in `common`; ascending. */
  pairs: Uint32Array;
  /** Their bitmaps, in the same form. */
  pairBitmaps: Uint32Array;
}

type Postings = Pick<Inverted, 'terms' | 'offsets' | 'documents' | 'impacts' | 'places'>;

/** Builds a segment of new documents; every term must have its rank in `table`. */
export function sealSegment(documents: Document[], table: TermTable): Segment {
  const tokens = new Uint8Array(documents.reduce((sum, { terms }) => sum + terms.length * 5, 0));
  const starts = new Uint32Array(documents.length + 1);
  let end = 0;
  documents.forEach(({ terms }, d) => {
    for (const term of terms) end = writeVarint(tokens, end, term);
    starts[d + 1] = end;
  });
  const forward = {
    size: documents.length,
    ids: Float64Array.from(documents, ({ id }) => id),
    users: Uint32Array.from(documents, ({ user }) => user),
    lengths: Uint16Array.from(documents, ({ terms }) => terms.length),
    starts,
    tokens: tokens.slice(0, end),
  };
  return finish(forward, invert(documents, table));
}

/** Builds one segment of what is alive in several, together at most SEGMENT_DOCUMENTS, in their order. */
export function mergeSegments(sources: Segment[], table: TermTable): Segment {
  const moves = sources.map((source) => new Uint16Array(source.size));
  const forward = mergeForward(sources, moves);
  return finish(forward, mergePostings(sources, moves, table));
}

/** Merges the sources' term lists as sorted lists are merged, so that memory is read and written in order, which is several times quicker. */
function mergePostings(sources: Segment[], moves: Uint16Array[], table: TermTable): Postings {
  const most = sources.reduce((sum, source) => sum + source.documents.length, 0);
  const merged = { documents: new Uint16Array(most), impacts: new Uint8Array(most), places: new Uint16Array(most) };
  const rankAt = ({ terms }: Segment, i: number) =>
    i < terms.length ? (table.ranks[terms[i] ?? 0] ?? 0) : table.order.length;
  const next = sources.map(() => 0);
  const ranks = sources.map((source) => rankAt(source, 0));
  const terms: number[] = [];
  const offsets = [0];
  let end = 0;
  for (let rank = least(ranks); rank < table.order.length; rank = least(ranks)) {
    const start = end;
    for (let s = 0; s < sources.length; s++) {
      const source = sources[s];
      if (source === undefined || ranks[s] !== rank) continue;
      const i = next[s] ?? 0;
      end = copyLivePostings(source, i, moves[s] ?? new Uint16Array(0), merged, end);
      next[s] = i + 1;
      ranks[s] = rankAt(source, i + 1);
    }
    if (end === start) continue;
    terms.push(table.order[rank] ?? 0);
    offsets.push(end);
  }
  return {
    terms: new Uint32Array(terms),
    offsets: new Uint32Array(offsets),
    documents: merged.documents.slice(0, end),
    impacts: merged.impacts.slice(0, end),
    places: merged.places.slice(0, end),
  };
}

function least(numbers: number[]): number {
  let result = Number.POSITIVE_INFINITY;
  for (const number of numbers) if (number < result) result = number;
  return result;
}

/** Copies those of the source's term `i` to `at`; returns the place behind. */
function copyLivePostings(
  source: Segment,
  i: number,
  moves: Uint16Array,
  to: Pick<Postings, 'documents' | 'impacts' | 'places'>,
  at: number,
): number {
  const allLive = source.liveCount === source.size;
  const { live, documents, impacts, places } = source;
  const last = source.offsets[i + 1] ?? 0;
  let end = at;
  for (let p = source.offsets[i] ?? 0; p < last; p++) {
    const document = documents[p] ?? 0;
    if (!allLive && !hasBit(live, document)) continue;
    to.documents[end] = moves[document] ?? 0;
    to.impacts[end] = impacts[p] ?? 0;
    to.places[end] = places[p] ?? 0;
    end++;
  }
  return end;
}

/** Copies the live documents, and notes in `moves` the number that each gets. */
function mergeForward(sources: Segment[], moves: Uint16Array[]): Forward {
  const size = sources.reduce((sum, source) => sum + source.liveCount, 0);
  const tokens = new Uint8Array(sources.reduce((sum, source) => sum + source.tokens.length, 0));
  const forward = {
    size,
    ids: new Float64Array(size),
    users: new Uint32Array(size),
    lengths: new Uint16Array(size),
    starts: new Uint32Array(size + 1),
  };
  let next = 0;
  let end = 0;
  sources.forEach((source, s) => {
    const move = moves[s] ?? new Uint16Array(0);
    for (let d = 0; d < source.size; d++) {
      if (!hasBit(source.live, d)) continue;
      forward.ids[next] = source.ids[d] ?? 0;
      forward.users[next] = source.users[d] ?? 0;
      forward.lengths[next] = source.lengths[d] ?? 0;
      move[d] = next++;
      const bytes = source.tokens.subarray(source.starts[d], source.starts[d + 1]);
      tokens.set(bytes, end);
      end += bytes.length;
      forward.starts[next] = end;
    }
  });
  return { ...forward, tokens: tokens.slice(0, end) };
}

/** Counting sort of (term, document) pairs by the terms' rank. */
function invert(documents: Document[], table: TermTable): Postings {
  // By term number: frequent terms have small ones, so that what is most used here lies close together in memory.
  const next = new Uint32Array(table.size);
  const lastIn = new Uint32Array(table.size);
  const met: number[] = [];
  documents.forEach(({ terms }, d) => {
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i] ?? 0;
      if (lastIn[term] === d + 1) continue;
      if (lastIn[term] === 0) met.push(table.ranks[term] ?? 0);
      lastIn[term] = d + 1;
      next[term] = (next[term] ?? 0) + 1;
    }
  });
  const terms = new Uint32Array(met).sort();
  const offsets = new Uint32Array(terms.length + 1);
  for (let i = 0; i < terms.length; i++) {
    const term = table.order[terms[i] ?? 0] ?? 0;
    terms[i] = term;
    const start = offsets[i] ?? 0;
    offsets[i + 1] = start + (next[term] ?? 0);
    next[term] = start;
  }
  const postings = offsets[terms.length] ?? 0;
  const numbers = new Uint16Array(postings);
  const places = new Uint16Array(postings);
  const impacts = new Uint8Array(postings);
  lastIn.fill(0);
  documents.forEach(({ terms }, d) => {
    const { length } = terms;
    const once = impactOnce(length);
    for (let i = 0; i < length; i++) {
      const term = terms[i] ?? 0;
      let at = next[term] ?? 0;
      if (lastIn[term] === d + 1) {
        at--;
        impacts[at] = impact(frequencyOf(term, terms), length);
      } else {
        lastIn[term] = d + 1;
        next[term] = at + 1;
        numbers[at] = d;
        impacts[at] = once;
      }
      places[at] = (places[at] ?? 0) | (1 << (i & 15));
    }
  });
  return { terms, offsets, documents: numbers, impacts, places };
}

function frequencyOf(term: number, terms: Uint32Array): number {
  let count = 0;
  for (const other of terms) if (other === term) count++;
  return count;
}

/** Adds what follows from the documents and the postings. */
function finish(forward: Forward, postings: Postings): Segment {
  const live = bitmapOf(forward.size).fill(0xffffffff);
  if (forward.size & 31) live[live.length - 1] = 2 ** (forward.size & 31) - 1;
  const { terms, offsets, documents, impacts } = postings;
  const peaks = new Uint8Array(Math.ceil(impacts.length / BLOCK));
  for (let block = 0, p = 0; block < peaks.length; block++) {
    let peak = 0;
    for (const end = Math.min(p + BLOCK, impacts.length); p < end; p++) peak = Math.max(peak, impacts[p] ?? 0);
    peaks[block] = peak;
  }
  // A bitmap is the quicker one from as many postings on as it has words.
  const common = terms.map((_, i) => i).filter((i) => (offsets[i + 1] ?? 0) - (offsets[i] ?? 0) > live.length);
  const bitmaps = new Uint32Array(common.length * live.length);
  common.forEach((i, row) => {
    const bitmap = bitmaps.subarray(row * live.length, (row + 1) * live.length);
    markPostings(documents, offsets[i] ?? 0, offsets[i + 1] ?? 0, bitmap);
  });
  return {
    ...forward,
    ...postings,
    byId: sortedById(forward.ids),
    peaks,
    common,
    bitmaps,
    ...commonPairs(forward, terms, common, live.length),
    live,
    liveCount: forward.size,
  };
}

/** Of so many documents one is looked at to find the pairs that are common. */
const SAMPLE = 4;

/** Finds the pairs of common terms that stand side by side in more than about `least` documents, and these. */
function commonPairs(
  forward: Forward,
  terms: Uint32Array,
  common: Uint32Array,
  least: number,
): Pick<Inverted, 'pairs' | 'pairBitmaps'> {
  // By term number, the place in `common`, counted from 1.
  const rows = new Uint16Array(common.reduce((highest, i) => Math.max(highest, terms[i] ?? 0), 0) + 1);
  common.forEach((i, row) => {
    rows[terms[i] ?? 0] = row + 1;
  });
  const counts = new Uint32Array(common.length ** 2);
  forEachPair(forward, rows, common.length, SAMPLE, (pair) => {
    counts[pair] = (counts[pair] ?? 0) + SAMPLE;
  });
  const pairs = counts.map((_, pair) => pair).filter((pair) => (counts[pair] ?? 0) > least);
  pairs.forEach((pair, i) => {
    counts[pair] = i + 1;
  });
  const pairBitmaps = new Uint32Array(pairs.length * least);
  if (pairs.length === 0) return { pairs, pairBitmaps: new Uint32Array(0) };
  forEachPair(forward, rows, common.length, 1, (pair, document) => {
    const i = (counts[pair] ?? 0) - 1;
    if (pairs[i] !== pair) return;
    const word = i * least + (document >>> 5);
    pairBitmaps[word] = (pairBitmaps[word] ?? 0) | (1 << (document & 31));
  });
  return { pairs, pairBitmaps };
}

/** Visits every two common terms that stand side by side, in every so many-th document. */
function forEachPair(
  { size, starts, lengths, tokens }: Forward,
  rows: Uint16Array,
  count: number,
  step: number,
  visit: (pair: number, document: number) => void,
): void {
  const numbers = new Uint32Array(MAX_TOKENS);
  for (let document = 0; document < size; document += step) {
    const length = lengths[document] ?? 0;
    readVarints(tokens, starts[document] ?? 0, length, numbers, 0);
    let left = 0;
    for (let i = 0; i < length; i++) {
      const right = rows[numbers[i] ?? 0] ?? 0;
      if (left > 0 && right > 0) visit((left - 1) * count + right - 1, document);
      left = right;
    }
  }
}

function sortedById(ids: Float64Array): Uint16Array {
  const byId = new Uint16Array(ids.length);
  let ascending = true;
  for (let d = 0; d < ids.length; d++) {
    byId[d] = d;
    if (d > 0 && (ids[d] ?? 0) < (ids[d - 1] ?? 0)) ascending = false;
  }
  return ascending ? byId : byId.sort((a, b) => (ids[a] ?? 0) - (ids[b] ?? 0));
}

/** Sets the bits of the documents of postings `from` to `to`. */
export function markPostings(documents: Uint16Array, from: number, to: number, bits: Uint32Array): void {
  for (let p = from; p < to; p++) {
    const document = documents[p] ?? 0;
    bits[document >>> 5] = (bits[document >>> 5] ?? 0) | (1 << (document & 31));
  }
}

/** Index in `segment.terms` of the first term whose rank is at least `rank`. */
export function lowerBound(segment: Segment, table: TermTable, rank: number): number {
  return bisect(segment.terms.length, (i) => (table.ranks[segment.terms[i] ?? 0] ?? 0) < rank);
}

/** The document with that id, if it is there and alive. */
export function findLive(segment: Segment, id: number): number | undefined {
  const at = bisect(segment.size, (i) => (segment.ids[segment.byId[i] ?? 0] ?? 0) < id);
  const document = segment.byId[at];
  if (document === undefined || segment.ids[document] !== id) return undefined;
  return hasBit(segment.live, document) ? document : undefined;
}

export function kill(segment: Segment, document: number): void {
  clearBit(segment.live, document);
  segment.liveCount--;
}

/** The first of 0 .. `size` for which `isBefore` is false, where it is true for all before that one. */
export function bisect(size: number, isBefore: (at: number) => boolean): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Decodes a document's tokens into `terms`; returns how many. */
export function readTokens(segment: Segment, document: number, terms: Uint32Array): number {
  const count = segment.lengths[document] ?? 0;
  readVarints(segment.tokens, segment.starts[document] ?? 0, count, terms, 0);
  return count;
}

/** Decodes `count` numbers below 2^32 from `bytes`, the first at `from`, into `numbers` from `to` on. Returns the place behind the last. */
export function readVarints(bytes: Uint8Array, from: number, count: number, numbers: Uint32Array, to: number): number {
  let at = from;
  for (let i = to; i < to + count; i++) {
    let byte = bytes[at++] ?? 0;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
    }
    numbers[i] = value;
  }
  return at;
}

/** Writes a number below 2^53 in LEB128: seven bits a byte, the lowest first, the top bit set on all but the last. Returns the place behind. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) bytes[end++] = (rest % 0x80) | 0x80;
  for (; rest >= 0x80; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80;
  bytes[end++] = rest;
  return end;
}

const IMPACT_ONCE = Uint8Array.from({ length: 4096 }, (_, length) => impact(1, length));

/** `impact(1, length)` from a table: the weight of every word matched inexactly. */
export function impactOnce(length: number): number {
  return IMPACT_ONCE[length] ?? impact(1, length);
}
