import { bisect } from './bisect.ts';
import { clearBit, hasBit, setBit } from './bitmap.ts';
import type { Segment } from './segment.layout.ts';
import type { TermTable } from './term.table.ts';
import { readVarintsUpTo } from './varint.ts';

/** Index in `segment.terms` of the first term whose ordinal is at least `ordinal`. */
export function lowerBound(segment: Segment, table: TermTable, ordinal: number): number {
  const { terms } = segment;
  const { ordinals } = table;
  return bisect(terms.length, (i) => (ordinals[terms[i] as number] as number) < ordinal);
}

/** The document with that id, unless there is none or it is marked deleted. */
export function findLive({ size, ids, byId, liveDocs }: Segment, id: number): number | undefined {
  const at = bisect(size, (i) => (ids[byId[i] as number] as number) < id);
  const document = byId[at];
  if (document === undefined || ids[document] !== id) return undefined;
  return hasBit(liveDocs, document) ? document : undefined;
}

/** Marks a live document deleted. Its postings stay until the segment is merged into another. */
export function markDeleted(segment: Segment, document: number): void {
  clearBit(segment.liveDocs, document);
  segment.liveDocCount--;
}

/** Takes markDeleted() back. */
export function unmarkDeleted(segment: Segment, document: number): void {
  setBit(segment.liveDocs, document);
  segment.liveDocCount++;
}

/** Decodes the tokens of all fields of a document into `terms`. Returns how many there are. */
export function readTokens(segment: Segment, document: number, terms: Uint32Array): number {
  const { tokens, tokenStarts } = segment;
  const from = tokenStarts[document] as number;
  return readVarintsUpTo(tokens, from, tokenStarts[document + 1] as number, terms);
}
