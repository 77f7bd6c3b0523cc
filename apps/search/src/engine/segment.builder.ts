import { type Bitmap, fullBitmap, popCount, setBits } from './bitmap.ts';
import { DEBUG_ASSERTIONS } from './debug.assertions.ts';
import { FIELD_BOUNDARY, readFieldImpacts } from './document.fields.ts';
import { buildColumns } from './quote.columns.ts';
import { impact, singleImpact } from './ranking.ts';
import { assertSegment } from './segment.invariants.ts';
import type { Document, ForwardIndex, Postings, Segment } from './segment.layout.ts';
import {
  ELEMENTS_PER_RANK,
  ELSEWHERE_MASK,
  MAX_DOCUMENT_TOKENS,
  POSITION_MASK_BITS,
  POSTINGS_PER_BLOCK,
} from './segment.layout.ts';
import { findCommonPairs } from './segment.pairs.ts';
import { rankStride } from './segment.terms.ts';
import type { TermTable } from './term.table.ts';
import { MAX_VARINT32_BYTES, writeVarint } from './varint.ts';

/**
 * Bounds the memory of bitmaps, and that of counting pairs, which grows with the square of the
 * terms. Natural language has fewer common terms, but clients may write anything.
 */
export const MAX_COMMON_TERMS = 1024;

type PostingRanges = Pick<Postings, 'terms' | 'postingStarts'>;

/** Builds a segment of new documents. All their terms must have an ordinal in `table`. */
export function buildSegment(documents: Document[], table: TermTable): Segment {
  const size = documents.length;
  const tokenCount = documents.reduce((sum, { terms }) => sum + terms.length, 0);
  const tokens = new Uint8Array(tokenCount * MAX_VARINT32_BYTES);
  const tokenStarts = new Uint32Array(size + 1);
  const ids = new Float64Array(size);
  const lengths = new Uint16Array(size);
  let end = 0;
  for (let d = 0; d < size; d++) {
    const { id, terms, length } = documents[d] as Document;
    ids[d] = id;
    lengths[d] = length;
    for (let i = 0; i < terms.length; i++) end = writeVarint(tokens, end, terms[i] as number);
    tokenStarts[d + 1] = end;
  }
  const columns = buildColumns(documents);
  const forward = { size, ids, ...columns, lengths, tokenStarts, tokens: tokens.slice(0, end) };
  const segment = assembleSegment(forward, invert(documents, table));
  if (DEBUG_ASSERTIONS) assertSegment(segment, table);
  return segment;
}

/** Makes a segment of its documents and their postings: all of them are live. */
export function assembleSegment(forward: ForwardIndex, postings: Postings): Segment {
  const liveDocs = fullBitmap(forward.size);
  const commonTerms = findCommonTerms(postings, liveDocs.length);
  const commonBitmaps = bitmapsOf(commonTerms, postings, liveDocs.length);
  return {
    ...forward,
    ...postings,
    byId: sortedById(forward.ids),
    blockMaxImpacts: blockMaxima(postings.impacts),
    commonTerms,
    commonBitmaps,
    commonRanks: ranksOf(commonBitmaps, liveDocs.length),
    ...findCommonPairs(forward, postings.terms, commonTerms),
    liveDocs,
    liveDocCount: forward.size,
  };
}

/**
 * Inverts the documents: a counting sort of their (term, document) pairs by the ordinals of the
 * terms.
 */
function invert(documents: Document[], table: TermTable): Postings {
  // The next posting of each term. It is kept by term number and not by ordinal: frequent terms
  // have small numbers, so that what is used most lies close together in memory.
  const next = new Uint32Array(table.size);
  const { terms, postingStarts } = layOut(documents, table, next);
  const postingCount = postingStarts[terms.length] as number;
  const documentNumbers = new Uint16Array(postingCount);
  const impacts = new Uint8Array(postingCount);
  const positionMasks = new Uint16Array(postingCount);
  // The document, counted from 1, that a term was met in last.
  const lastIn = new Uint32Array(table.size);
  const fieldImpacts = new Uint8Array(MAX_DOCUMENT_TOKENS);
  documents.forEach(({ terms, length }, d) => {
    const single = singleImpact(length);
    for (let i = 0; i < length; i++) {
      const term = terms[i] as number;
      let p = next[term] as number;
      if (lastIn[term] === d + 1) {
        p--;
        impacts[p] = impact(countOf(term, terms, i), length);
      } else {
        lastIn[term] = d + 1;
        next[term] = p + 1;
        documentNumbers[p] = d;
        impacts[p] = single;
      }
      // The position modulo POSITION_MASK_BITS, which is a power of two.
      const position = 1 << (i & (POSITION_MASK_BITS - 1));
      positionMasks[p] = (positionMasks[p] as number) | position;
    }
    readFieldImpacts(terms, length, terms.length, fieldImpacts);
    for (let i = length; i < terms.length; i++) {
      const term = terms[i] as number;
      if (term === FIELD_BOUNDARY) continue;
      let p = next[term] as number;
      if (lastIn[term] === d + 1) p--;
      else {
        lastIn[term] = d + 1;
        next[term] = p + 1;
        documentNumbers[p] = d;
      }
      impacts[p] = Math.max(impacts[p] as number, fieldImpacts[i] as number);
      positionMasks[p] = ELSEWHERE_MASK;
    }
  });
  return { terms, postingStarts, documents: documentNumbers, impacts, positionMasks };
}

/**
 * The terms of the documents in text order, and where their postings begin, which `next` gets by
 * term number too.
 */
function layOut(documents: Document[], table: TermTable, next: Uint32Array): PostingRanges {
  const counts = next;
  const lastIn = new Uint32Array(table.size);
  const ordinals: number[] = [];
  documents.forEach(({ terms }, d) => {
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i] as number;
      if (lastIn[term] === d + 1 || term === FIELD_BOUNDARY) continue;
      if (lastIn[term] === 0) ordinals.push(table.ordinals[term] as number);
      lastIn[term] = d + 1;
      counts[term] = (counts[term] as number) + 1;
    }
  });
  const terms = new Uint32Array(ordinals).sort();
  const postingStarts = new Uint32Array(terms.length + 1);
  for (let i = 0; i < terms.length; i++) {
    const term = table.termsByOrdinal[terms[i] as number] as number;
    terms[i] = term;
    const start = postingStarts[i] as number;
    postingStarts[i + 1] = start + (counts[term] as number);
    next[term] = start;
  }
  return { terms, postingStarts };
}

/** How often the term is among the terms up to, and with, number `last`. */
function countOf(term: number, terms: Uint32Array, last: number): number {
  let count = 0;
  for (let i = 0; i <= last; i++) if (terms[i] === term) count++;
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
