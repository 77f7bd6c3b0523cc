import { hasBit } from './bitmap.ts';
import { DEBUG_ASSERTIONS } from './debug.assertions.ts';
import { mergeColumns } from './quote.columns.ts';
import { assembleSegment } from './segment.builder.ts';
import { assertSegment } from './segment.invariants.ts';
import type { ForwardIndex, Postings, Segment } from './segment.layout.ts';
import { decodeTokens } from './segment.reader.ts';
import type { TermTable } from './term.table.ts';

/** A segment that is merged. */
interface Source {
  segment: Segment;
  /** The number that each live document has in the merged segment. */
  docMap: Uint16Array;
  /** Index in `terms` of the next term to merge, and its ordinal. */
  next: number;
  ordinal: number;
}

type PostingLists = Pick<Postings, 'documents' | 'impacts' | 'positionMasks'>;

/**
 * Builds one segment of the live documents of several, in their order. Together they must have at
 * most MAX_SEGMENT_DOCUMENTS.
 */
export function mergeSegments(segments: Segment[], table: TermTable): Segment {
  const sources = segments.map((segment) => ({
    segment,
    docMap: new Uint16Array(segment.size),
    next: 0,
    ordinal: ordinalAt(segment, 0, table),
  }));
  const forward = mergeForward(sources);
  const merged = assembleSegment(forward, decodeTokens(forward), mergePostings(sources, table));
  if (DEBUG_ASSERTIONS) assertSegment(merged, table);
  return merged;
}

/** Copies the live documents, and notes their new numbers in the doc maps. */
function mergeForward(sources: Source[]): ForwardIndex {
  const size = sources.reduce((sum, { segment }) => sum + segment.liveDocCount, 0);
  const maxBytes = sources.reduce((sum, { segment }) => sum + segment.tokens.length, 0);
  const tokens = new Uint8Array(maxBytes);
  const forward = {
    size,
    ids: new Float64Array(size),
    lengths: new Uint16Array(size),
    tokenStarts: new Uint32Array(size + 1),
  };
  let next = 0;
  let end = 0;
  for (const { segment, docMap } of sources) {
    for (let d = 0; d < segment.size; d++) {
      if (!hasBit(segment.liveDocs, d)) continue;
      forward.ids[next] = segment.ids[d] as number;
      forward.lengths[next] = segment.lengths[d] as number;
      docMap[d] = next++;
      const bytes = segment.tokens.subarray(segment.tokenStarts[d], segment.tokenStarts[d + 1]);
      tokens.set(bytes, end);
      end += bytes.length;
      forward.tokenStarts[next] = end;
    }
  }
  const columns = mergeColumns(
    sources.map(({ segment }) => segment),
    size,
  );
  return { ...forward, ...columns, tokens: tokens.slice(0, end) };
}

/**
 * Merges the postings as sorted lists are merged, term by term in text order. Memory is then read
 * and written in order, which is several times quicker than inverting the documents anew.
 */
function mergePostings(sources: Source[], table: TermTable): Postings {
  const maxPostings = sources.reduce((sum, { segment }) => sum + segment.documents.length, 0);
  const merged: PostingLists = {
    documents: new Uint16Array(maxPostings),
    impacts: new Uint8Array(maxPostings),
    positionMasks: new Uint16Array(maxPostings),
  };
  const terms: number[] = [];
  const postingStarts = [0];
  let end = 0;
  for (;;) {
    const ordinal = leastOrdinal(sources);
    if (ordinal === table.termsByOrdinal.length) break;
    const start = end;
    for (const source of sources) {
      if (source.ordinal !== ordinal) continue;
      end = copyLivePostings(source, merged, end);
      source.next++;
      source.ordinal = ordinalAt(source.segment, source.next, table);
    }
    // A term whose documents are all marked deleted is gone.
    if (end === start) continue;
    terms.push(table.termsByOrdinal[ordinal] as number);
    postingStarts.push(end);
  }
  return {
    terms: new Uint32Array(terms),
    postingStarts: new Uint32Array(postingStarts),
    documents: merged.documents.slice(0, end),
    impacts: merged.impacts.slice(0, end),
    positionMasks: merged.positionMasks.slice(0, end),
  };
}

/**
 * The ordinal of the segment's term `i`; behind the last one, an ordinal higher than that of any
 * term.
 */
function ordinalAt({ terms }: Segment, i: number, table: TermTable): number {
  if (i === terms.length) return table.termsByOrdinal.length;
  return table.ordinals[terms[i] as number] as number;
}

function leastOrdinal(sources: Source[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { ordinal } of sources) if (ordinal < least) least = ordinal;
  return least;
}

/** Copies the live postings of the next term of a source to `at`. Returns the place behind them. */
function copyLivePostings({ segment, docMap, next }: Source, to: PostingLists, at: number): number {
  const { postingStarts, documents, impacts, positionMasks, liveDocs } = segment;
  const allLive = segment.liveDocCount === segment.size;
  const last = postingStarts[next + 1] as number;
  let end = at;
  for (let p = postingStarts[next] as number; p < last; p++) {
    const document = documents[p] as number;
    if (!allLive && !hasBit(liveDocs, document)) continue;
    to.documents[end] = docMap[document] as number;
    to.impacts[end] = impacts[p] as number;
    to.positionMasks[end] = positionMasks[p] as number;
    end++;
  }
  return end;
}
