import { bitmapOf, markPostings } from './bitmap.ts';
import { impact, impactOnce } from './ranking.ts';
import { BLOCK, type Document, type Forward, type Postings, type Segment } from './segment.layout.ts';
import { commonPairs } from './segment.pairs.ts';
import type { TermTable } from './term.table.ts';
import { writeVarint } from './varint.ts';

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

/** Counting sort of (term, document) pairs by the terms' rank. */
function invert(documents: Document[], table: TermTable): Postings {
  // By term number: frequent terms have small ones, so that what is most used here lies close together in memory.
  const next = new Uint32Array(table.size);
  const lastIn = new Uint32Array(table.size);
  const met: number[] = [];
  documents.forEach(({ terms }, d) => {
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i] as number;
      if (lastIn[term] === d + 1) continue;
      if (lastIn[term] === 0) met.push(table.ranks[term] as number);
      lastIn[term] = d + 1;
      next[term] = (next[term] as number) + 1;
    }
  });
  const terms = new Uint32Array(met).sort();
  const offsets = new Uint32Array(terms.length + 1);
  for (let i = 0; i < terms.length; i++) {
    const term = table.order[terms[i] as number] as number;
    terms[i] = term;
    const start = offsets[i] as number;
    offsets[i + 1] = start + (next[term] as number);
    next[term] = start;
  }
  const postings = offsets[terms.length] as number;
  const numbers = new Uint16Array(postings);
  const places = new Uint16Array(postings);
  const impacts = new Uint8Array(postings);
  lastIn.fill(0);
  documents.forEach(({ terms }, d) => {
    const { length } = terms;
    const once = impactOnce(length);
    for (let i = 0; i < length; i++) {
      const term = terms[i] as number;
      let at = next[term] as number;
      if (lastIn[term] === d + 1) {
        at--;
        impacts[at] = impact(frequencyOf(term, terms), length);
      } else {
        lastIn[term] = d + 1;
        next[term] = at + 1;
        numbers[at] = d;
        impacts[at] = once;
      }
      places[at] = (places[at] as number) | (1 << (i & 15));
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
export function finish(forward: Forward, postings: Postings): Segment {
  const live = bitmapOf(forward.size).fill(0xffffffff);
  if (forward.size & 31) live[live.length - 1] = 2 ** (forward.size & 31) - 1;
  const { terms, offsets, documents, impacts } = postings;
  const peaks = new Uint8Array(Math.ceil(impacts.length / BLOCK));
  for (let block = 0, p = 0; block < peaks.length; block++) {
    let peak = 0;
    for (const end = Math.min(p + BLOCK, impacts.length); p < end; p++) peak = Math.max(peak, impacts[p] as number);
    peaks[block] = peak;
  }
  // A bitmap is the quicker one from as many postings on as it has words.
  const common = terms
    .map((_, i) => i)
    .filter((i) => (offsets[i + 1] as number) - (offsets[i] as number) > live.length);
  const bitmaps = new Uint32Array(common.length * live.length);
  common.forEach((i, row) => {
    const bitmap = bitmaps.subarray(row * live.length, (row + 1) * live.length);
    markPostings(documents, offsets[i] as number, offsets[i + 1] as number, bitmap);
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

function sortedById(ids: Float64Array): Uint16Array {
  const byId = new Uint16Array(ids.length);
  let ascending = true;
  for (let d = 0; d < ids.length; d++) {
    byId[d] = d;
    if (d > 0 && (ids[d] as number) < (ids[d - 1] as number)) ascending = false;
  }
  return ascending ? byId : byId.sort((a, b) => (ids[a] as number) - (ids[b] as number));
}
