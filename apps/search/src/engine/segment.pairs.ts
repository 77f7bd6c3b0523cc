import { bisect } from './bisect.ts';
import type { DecodedTokens, Segment } from './segment.layout.ts';

type Pairs = Pick<Segment, 'commonPairs' | 'pairStarts' | 'pairDocuments'>;

/**
 * Finds the pairs of common terms that stand side by side, and the documents where they do: a
 * counting sort of the (pair, document) pairs. About every tenth token of natural language begins
 * one.
 * @param size how many documents there are
 * @param terms of the segment
 */
export function findCommonPairs(
  decoded: DecodedTokens,
  size: number,
  terms: Uint32Array,
  commonTerms: Uint32Array,
): Pairs {
  const rows = commonTerms.length;
  const ofTerm = rowsByTerm(terms, commonTerms);
  const { pairs, documents, count } = collectPairs(decoded, size, ofTerm, rows);
  const counts = new Uint32Array(rows ** 2);
  for (let i = 0; i < count; i++) {
    const pair = pairs[i] as number;
    counts[pair] = (counts[pair] as number) + 1;
  }
  let pairCount = 0;
  for (let pair = 0; pair < counts.length; pair++) if (counts[pair] !== 0) pairCount++;
  const commonPairs = new Uint32Array(pairCount);
  const pairStarts = new Uint32Array(pairCount + 1);
  const next = counts;
  for (let pair = 0, i = 0; pair < counts.length; pair++) {
    if (counts[pair] === 0) continue;
    const start = pairStarts[i] as number;
    commonPairs[i++] = pair;
    pairStarts[i] = start + (counts[pair] as number);
    next[pair] = start;
  }
  const pairDocuments = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const pair = pairs[i] as number;
    const at = next[pair] as number;
    pairDocuments[at] = documents[i] as number;
    next[pair] = at + 1;
  }
  return { commonPairs, pairStarts, pairDocuments };
}

/** The common pairs of all documents in the order of the texts, each once a document. */
function collectPairs(
  { terms, termStarts }: DecodedTokens,
  size: number,
  rowsByTerm: Uint16Array,
  rows: number,
) {
  const pairs = new Uint32Array(rows === 0 ? 0 : (termStarts[size] as number));
  const documents = new Uint16Array(pairs.length);
  let count = 0;
  // The document, counted from 1, that a pair was met in last.
  const lastIn = new Uint32Array(rows ** 2);
  for (let document = 0; rows > 0 && document < size; document++) {
    const end = termStarts[document + 1] as number;
    let left = 0;
    for (let i = termStarts[document] as number; i < end; i++) {
      const term = terms[i] as number;
      const right = term < rowsByTerm.length ? (rowsByTerm[term] as number) : 0;
      if (left > 0 && right > 0) {
        const pair = (left - 1) * rows + right - 1;
        if (lastIn[pair] !== document + 1) {
          lastIn[pair] = document + 1;
          pairs[count] = pair;
          documents[count++] = document;
        }
      }
      left = right;
    }
  }
  return { pairs, documents, count };
}

/** By term number, the index of the term in `commonTerms`, counted from 1; 0 for other terms. */
function rowsByTerm(terms: Uint32Array, commonTerms: Uint32Array): Uint16Array {
  const highest = commonTerms.reduce((max, i) => Math.max(max, terms[i] as number), 0);
  const rows = new Uint16Array(highest + 1);
  commonTerms.forEach((i, row) => {
    rows[terms[i] as number] = row + 1;
  });
  return rows;
}

/** The documents where two common terms stand side by side. */
export function readCommonPair(segment: Segment, left: number, right: number): Uint16Array {
  const { commonPairs, commonTerms, pairStarts, pairDocuments } = segment;
  const pair = left * commonTerms.length + right;
  const i = bisect(commonPairs.length, (at) => (commonPairs[at] as number) < pair);
  if (commonPairs[i] !== pair) return pairDocuments.subarray(0, 0);
  return pairDocuments.subarray(pairStarts[i], pairStarts[i + 1]);
}
