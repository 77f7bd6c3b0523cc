import { bisect } from './bisect.ts';
import { clearBit, hasBit } from './bitmap.ts';
import type { Segment } from './segment.layout.ts';
import type { TermTable } from './term.table.ts';
import { readVarints } from './varint.ts';

/** Index in `segment.terms` of the first term whose rank is at least `rank`. */
export function lowerBound(segment: Segment, table: TermTable, rank: number): number {
  return bisect(segment.terms.length, (i) => (table.ranks[segment.terms[i] as number] as number) < rank);
}

/** The document with that id, if it is there and alive. */
export function findLive(segment: Segment, id: number): number | undefined {
  const at = bisect(segment.size, (i) => (segment.ids[segment.byId[i] as number] as number) < id);
  const document = segment.byId[at];
  if (document === undefined || segment.ids[document] !== id) return undefined;
  return hasBit(segment.live, document) ? document : undefined;
}

export function kill(segment: Segment, document: number): void {
  clearBit(segment.live, document);
  segment.liveCount--;
}

/** Decodes a document's tokens into `terms`; returns how many. */
export function readTokens(segment: Segment, document: number, terms: Uint32Array): number {
  const count = segment.lengths[document] as number;
  readVarints(segment.tokens, segment.starts[document] as number, count, terms, 0);
  return count;
}
