import { bisect } from './bisect.ts';
import type { ForwardIndex, Segment } from './segment.layout.ts';
import { MAX_DOCUMENT_TOKENS } from './segment.layout.ts';
import { readVarintsUpTo } from './varint.ts';

type Pairs = Pick<Segment, 'commonPairs' | 'pairStarts' | 'pairDocuments'>;

/**
 * Finds the pairs of common terms that stand side by side, and the documents where they do: a
 * counting sort of the (pair, document) pairs. About every tenth token of natural language begins
 * one.
 * @param terms of the segment
 */
export function findCommonPairs(
  forward: ForwardIndex,
  terms: Uint32Array,
  commonTerms: Uint32Array,
): Pairs {
  const rows = commonTerms.length;
  const { pairs, documents, size } = collectPairs(forward, rowsByTerm(terms, commonTerms), rows);
  const counts = new Uint32Array(rows ** 2);
  for (let i = 0; i < size; i++) {
    const pair = pairs[i] as number;
    counts[pair] = (counts[pair] as number) + 1;
  }
  const commonPairs = counts.map((_, pair) => pair).filter((pair) => counts[pair] !== 0);
  const pairStarts = new Uint32Array(commonPairs.length + 1);
  const next = counts;
  commonPairs.forEach((pair, i) => {
    const start = pairStarts[i] as number;
    pairStarts[i + 1] = start + (counts[pair] as number);
    next[pair] = start;
  });
  const pairDocuments = new Uint16Array(size);
  for (let i = 0; i < size; i++) {
    const pair = pairs[i] as number;
    const at = next[pair] as number;
    pairDocuments[at] = documents[i] as number;
    next[pair] = at + 1;
  }
  return { commonPairs, pairStarts, pairDocuments };
}

/** The common pairs of all documents in the order of the texts, each once a document. */
function collectPairs(forward: ForwardIndex, rowsByTerm: Uint16Array, rows: number) {
  const { tokenStarts, tokens } = forward;
  // Every token takes a byte at least.
  const pairs = new Uint32Array(rows === 0 ? 0 : tokens.length);
  const documents = new Uint16Array(pairs.length);
  let size = 0;
  // The document, counted from 1, that a pair was met in last.
  const lastIn = new Uint32Array(rows ** 2);
  const terms = new Uint32Array(MAX_DOCUMENT_TOKENS);
  for (let document = 0; rows > 0 && document < forward.size; document++) {
    const from = tokenStarts[document] as number;
    const length = readVarintsUpTo(tokens, from, tokenStarts[document + 1] as number, terms);
    let left = 0;
    for (let i = 0; i < length; i++) {
      const term = terms[i] as number;
      const right = term < rowsByTerm.length ? (rowsByTerm[term] as number) : 0;
      if (left > 0 && right > 0) {
        const pair = (left - 1) * rows + right - 1;
        if (lastIn[pair] !== document + 1) {
          lastIn[pair] = document + 1;
          pairs[size] = pair;
          documents[size++] = document;
        }
      }
      left = right;
    }
  }
  return { pairs, documents, size };
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
