import { type Bitmap, fullBitmap, popCount, setBits } from './bitmap.ts';
import { DEBUG_ASSERTIONS } from './debug.assertions.ts';
import { batchOf, type DocumentBatch } from './document.batch.ts';
import { FIELD_BOUNDARY, readFieldImpacts } from './document.fields.ts';
import { narrowed } from './narrow.numbers.ts';
import { impact, singleImpact } from './ranking.ts';
import { assertSegment } from './segment.invariants.ts';
import type { DecodedTokens, Document, ForwardIndex, Postings, Segment } from './segment.layout.ts';
import {
  ELEMENTS_PER_RANK,
  ELSEWHERE_MASK,
  POSITION_MASK_BITS,
  POSTINGS_PER_BLOCK,
} from './segment.layout.ts';
import { findCommonPairs } from './segment.pairs.ts';
import { rankStride } from './segment.terms.ts';
import { buildTermSlots } from './term.slots.ts';
import type { TermTable } from './term.table.ts';

/**
 * Bounds the memory of bitmaps, and that of counting pairs, which grows with the square of the
 * terms. Natural language has fewer common terms, but clients may write anything.
 */
export const MAX_COMMON_TERMS = 1024;

type Layout = Pick<Postings, 'terms' | 'postingStarts'> & { isRepeated: Uint8Array };

/** Builds a segment of new documents. All their terms must have an ordinal in `table`. */
export function buildSegment(documents: readonly Document[], table: TermTable): Segment {
  return buildSegmentOf(batchOf(documents), table);
}

/** Builds a segment of a batch in the same way. */
export function buildSegmentOf(batch: DocumentBatch, table: TermTable): Segment {
  const { forward, decoded } = batch;
  const segment = assembleSegment(forward, decoded, invert(batch, table));
  if (DEBUG_ASSERTIONS) assertSegment(segment, table);
  return segment;
}

/** Makes a segment of documents and their postings: all of them are live. */
export function assembleSegment(
  forward: ForwardIndex,
  decoded: DecodedTokens,
  postings: Postings,
): Segment {
  const liveDocs = fullBitmap(forward.size);
  const commonTerms = findCommonTerms(postings, liveDocs.length);
  const commonBitmaps = bitmapsOf(commonTerms, postings, liveDocs.length);
  return {
    ...forward,
    ...postings,
    users: narrowed(forward.users),
    authors: narrowed(forward.authors),
    tags: narrowed(forward.tags),
    termSlots: narrowed(buildTermSlots(postings.terms)),
    byId: sortedById(forward.ids),
    blockMaxImpacts: blockMaxima(postings.impacts),
    commonTerms,
    commonBitmaps,
    commonRanks: ranksOf(commonBitmaps, liveDocs.length),
    ...findCommonPairs(decoded, forward.size, postings.terms, commonTerms),
    liveDocs,
    liveDocCount: forward.size,
  };
}

/**
 * Inverts the documents: a counting sort of their (term, document) pairs by the ordinals of the
 * terms.
 */
function invert(batch: DocumentBatch, table: TermTable): Postings {
  const { terms: tokens, termStarts } = batch.decoded;
  const { size, lengths } = batch.forward;
  // The next posting of each term. It is kept by term number and not by ordinal: frequent terms
  // have small numbers, so that what is used most lies close together in memory.
  const next = new Uint32Array(table.size);
  const { terms, postingStarts, isRepeated } = layOut(batch, table, next);
  const postingCount = postingStarts[terms.length] as number;
  // A posting is written anywhere: its document and position mask, and its impact, side by side.
  const packed = new Uint32Array(2 * postingCount);
  const fieldImpacts = new Uint8Array(tokens.length);
  for (let d = 0; d < size; d++) {
    const start = termStarts[d] as number;
    const length = lengths[d] as number;
    const textEnd = start + length;
    const end = termStarts[d + 1] as number;
    const single = singleImpact(length);
    for (let i = start; i < textEnd; i++) {
      const term = tokens[i] as number;
      // The position modulo POSITION_MASK_BITS, which is a power of two.
      const mask = 0x10000 << ((i - start) & (POSITION_MASK_BITS - 1));
      const p = next[term] as number;
      if (isRepeated[i] === 1) {
        packed[2 * p - 2] = (packed[2 * p - 2] as number) | mask;
        packed[2 * p - 1] = impact(countOf(term, tokens, start, i), length);
        continue;
      }
      next[term] = p + 1;
      packed[2 * p] = d | mask;
      packed[2 * p + 1] = single;
    }
    if (textEnd === end) continue;
    readFieldImpacts(tokens, textEnd, end, fieldImpacts);
    for (let i = textEnd; i < end; i++) {
      const term = tokens[i] as number;
      if (term === FIELD_BOUNDARY) continue;
      let p = next[term] as number;
      if (isRepeated[i] === 1) p--;
      else next[term] = p + 1;
      packed[2 * p] = d | (ELSEWHERE_MASK << 16);
      packed[2 * p + 1] = Math.max(packed[2 * p + 1] as number, fieldImpacts[i] as number);
    }
  }
  const documents = new Uint16Array(postingCount);
  const impacts = new Uint8Array(postingCount);
  const positionMasks = new Uint16Array(postingCount);
  for (let p = 0; p < postingCount; p++) {
    const documentAndMask = packed[2 * p] as number;
    documents[p] = documentAndMask;
    positionMasks[p] = documentAndMask >>> 16;
    impacts[p] = packed[2 * p + 1] as number;
  }
  return { terms, postingStarts, documents, impacts, positionMasks };
}

/**
 * The terms of the documents in text order, and where their postings begin, which `next` gets by
 * term number too. `isRepeated` is 1 for a token whose document has the same term further in front.
 */
function layOut(batch: DocumentBatch, table: TermTable, next: Uint32Array): Layout {
  const { terms: tokens, termStarts } = batch.decoded;
  const counts = next;
  const isRepeated = new Uint8Array(tokens.length);
  // The document, counted from 1, that a term was met in last.
  const lastIn = new Uint32Array(table.size);
  const ordinals: number[] = [];
  for (let d = 1; d <= batch.forward.size; d++) {
    const end = termStarts[d] as number;
    for (let i = termStarts[d - 1] as number; i < end; i++) {
      const term = tokens[i] as number;
      if (term === FIELD_BOUNDARY) continue;
      const last = lastIn[term] as number;
      if (last === d) {
        isRepeated[i] = 1;
        continue;
      }
      if (last === 0) ordinals.push(table.ordinals[term] as number);
      lastIn[term] = d;
      counts[term] = (counts[term] as number) + 1;
    }
  }
  const terms = new Uint32Array(ordinals).sort();
  const postingStarts = new Uint32Array(terms.length + 1);
  for (let i = 0; i < terms.length; i++) {
    const term = table.termsByOrdinal[terms[i] as number] as number;
    terms[i] = term;
    const start = postingStarts[i] as number;
    postingStarts[i + 1] = start + (counts[term] as number);
    next[term] = start;
  }
  return { terms, postingStarts, isRepeated };
}

/** How often the term is among the tokens from `from` up to, and with, number `last`. */
function countOf(term: number, tokens: Uint32Array, from: number, last: number): number {
  let count = 0;
  for (let i = from; i <= last; i++) if (tokens[i] === term) count++;
  return count;
}

function blockMaxima(impacts: Uint8Array): Uint8Array {
  const maxima = new Uint8Array(Math.ceil(impacts.length / POSTINGS_PER_BLOCK));
  for (let block = 0, p = 0; block < maxima.length; block++) {
    const end = Math.min(p + POSTINGS_PER_BLOCK, impacts.length);
    let max = 0;
    for (; p < end; p++) max = Math.max(max, impacts[p] as number);
    maxima[block] = max;
  }
  return maxima;
}

/**
 * Indexes of the terms that are so common that a bitmap is quicker to use than their postings:
 * those that have more postings than a bitmap has elements; of more than MAX_COMMON_TERMS the most
 * frequent ones. Ascending.
 */
function findCommonTerms({ terms, postingStarts }: Postings, bitmapLength: number): Uint32Array {
  const count = (i: number) => (postingStarts[i + 1] as number) - (postingStarts[i] as number);
  const common: number[] = [];
  for (let i = 0; i < terms.length; i++) if (count(i) > bitmapLength) common.push(i);
  if (common.length > MAX_COMMON_TERMS) {
    common.sort((a, b) => count(b) - count(a));
    common.length = MAX_COMMON_TERMS;
  }
  return new Uint32Array(common).sort();
}

function bitmapsOf(commonTerms: Uint32Array, postings: Postings, bitmapLength: number): Bitmap {
  const { documents, postingStarts } = postings;
  const bitmaps = new Uint32Array(commonTerms.length * bitmapLength);
  commonTerms.forEach((i, row) => {
    const bitmap = bitmaps.subarray(row * bitmapLength, (row + 1) * bitmapLength);
    setBits(bitmap, documents, postingStarts[i] as number, postingStarts[i + 1] as number);
  });
  return bitmaps;
}

/** See `commonRanks`. */
function ranksOf(bitmaps: Bitmap, bitmapLength: number): Uint16Array {
  const stride = rankStride(bitmapLength);
  const ranks = new Uint16Array(bitmapLength === 0 ? 0 : (bitmaps.length / bitmapLength) * stride);
  for (let start = 0, next = 0; start < bitmaps.length; start += bitmapLength) {
    let rank = 0;
    for (let i = 0; i < bitmapLength; i++) {
      if (i % ELEMENTS_PER_RANK === 0) ranks[next++] = rank;
      rank += popCount(bitmaps[start + i] as number);
    }
  }
  return ranks;
}

/**
 * The documents in ascending order of their ids. They mostly are in that order already, and then
 * need no sorting.
 */
function sortedById(ids: Float64Array): Uint16Array {
  const byId = new Uint16Array(ids.length);
  let isAscending = true;
  for (let d = 0; d < ids.length; d++) {
    byId[d] = d;
    if (d > 0 && (ids[d] as number) < (ids[d - 1] as number)) isAscending = false;
  }
  return isAscending ? byId : byId.sort((a, b) => (ids[a] as number) - (ids[b] as number));
}
