import { bisect } from './bisect.ts';
import { clearBit, hasBit, setBit } from './bitmap.ts';
import type { DecodedTokens, ForwardIndex, Segment } from './segment.layout.ts';
import type { TermTable } from './term.table.ts';
import { readVarintsUpTo } from './varint.ts';

/** Index in `segment.terms` of the first term whose ordinal is at least `ordinal`. */
export function lowerBound({ terms }: Segment, { ordinals }: TermTable, ordinal: number): number {
  // A loop of its own, since a query does this for every term in every segment.
  let low = 0;
  let high = terms.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ordinals[terms[middle] as number] as number) < ordinal) low = middle + 1;
    else high = middle;
  }
  return low;
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

/** Decodes the tokens of all documents. */
export function decodeTokens({ size, tokens, tokenStarts }: ForwardIndex): DecodedTokens {
  // Every token takes a byte at least.
  const terms = new Uint32Array(tokens.length);
  const termStarts = new Uint32Array(size + 1);
  let end = 0;
  for (let d = 0; d < size; d++) {
    const [from, to] = [tokenStarts[d] as number, tokenStarts[d + 1] as number];
    end += readVarintsUpTo(tokens, from, to, terms, end);
    termStarts[d + 1] = end;
  }
  return { terms, termStarts };
}
