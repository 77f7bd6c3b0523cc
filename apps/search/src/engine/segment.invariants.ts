import { countBits } from './bitmap.ts';
import { assert } from './debug.assertions.ts';
import { textLength } from './document.fields.ts';
import {
  type ForwardIndex,
  MAX_DOCUMENT_TOKENS,
  POSTINGS_PER_BLOCK,
  type Segment,
} from './segment.layout.ts';
import { findPosting } from './segment.terms.ts';
import { findTerm } from './term.slots.ts';
import type { TermTable } from './term.table.ts';
import { readVarintsUpTo } from './varint.ts';

/**
 * Checks what searches rely on and cannot afford to check.
 * @throws Error when the segment is not as its layout says
 */
export function assertSegment(segment: Segment, table: TermTable): void {
  assertForwardIndex(segment);
  assertInvertedIndex(segment, table);
  const ids = Array.from(segment.byId, (document) => segment.ids[document] as number);
  assert(ids.length === segment.size, 'every document has a place by its id');
  assert(isAscending(ids), 'ids ascend');
  const live = countBits(segment.liveDocs, segment.liveDocs.length);
  assert(live === segment.liveDocCount, 'liveDocCount counts the live documents');
}

function assertForwardIndex(index: ForwardIndex): void {
  const { size, lengths, tokenStarts, tokens, tagStarts, tags } = index;
  const terms = new Uint32Array(MAX_DOCUMENT_TOKENS);
  for (let d = 0; d < size; d++) {
    const start = tokenStarts[d] as number;
    const count = readVarintsUpTo(tokens, start, tokenStarts[d + 1] as number, terms);
    const length = textLength(terms.subarray(0, count));
    assert(length === lengths[d], 'the text of a document ends where its other fields begin');
  }
  assert(tokenStarts[size] === tokens.length, 'the last tokens end the array');
  const descent = tagStarts.findIndex((start, d) => start > (tagStarts[d + 1] ?? start));
  assert(descent < 0, 'the tags of a document begin where those before end');
  assert(tagStarts[size] === tags.length, 'the last tags end the array');
}

function assertInvertedIndex(index: Segment, table: TermTable): void {
  const { terms, postingStarts, documents, impacts, positionMasks, blockMaxImpacts } = index;
  const ordinals = Array.from(terms, (term) => table.ordinals[term] as number);
  assert(isAscending(ordinals), 'terms ascend in text order');
  const places = Array.from(terms, (term) => findTerm(terms, index.termSlots, term));
  assert(
    places.every((place, i) => place === i),
    'every term is found',
  );
  assert(isAscending(postingStarts), 'every term has postings');
  assert(postingStarts[terms.length] === documents.length, 'the last postings end the array');
  for (let i = 0; i < terms.length; i++) {
    const postings = documents.subarray(postingStarts[i], postingStarts[i + 1]);
    assert(isAscending(postings), 'the postings of a term ascend by document');
    assert((postings.at(-1) as number) < index.size, 'a posting is of a document');
  }
  assert(
    positionMasks.every((mask) => mask > 0),
    'a term has a position in its documents',
  );
  const isBounded = (impact: number, p: number) =>
    impact <= (blockMaxImpacts[Math.floor(p / POSTINGS_PER_BLOCK)] as number);
  assert(impacts.every(isBounded), 'no impact exceeds that of its block');
  assert(isAscending(index.commonTerms), 'common terms ascend');
  assertCommonTerms(index);
}

function assertCommonTerms(index: Segment): void {
  const { commonTerms, postingStarts, documents, commonPairs, pairStarts, pairDocuments } = index;
  commonTerms.forEach((i, row) => {
    const first = postingStarts[i] as number;
    const postings = { first, end: postingStarts[i + 1] as number, row };
    for (let p = first; p < postings.end; p++) {
      const found = findPosting(index, postings, documents[p] as number);
      assert(found === p, 'the bitmap of a common term finds its postings');
    }
  });
  assert(isAscending(commonPairs), 'common pairs ascend');
  assert(isAscending(pairStarts), 'every common pair has documents');
  assert(pairStarts[commonPairs.length] === pairDocuments.length, 'the last pair ends the array');
  for (let i = 0; i < commonPairs.length; i++) {
    const documents = pairDocuments.subarray(pairStarts[i], pairStarts[i + 1]);
    assert(isAscending(documents), 'the documents of a pair ascend');
  }
}

function isAscending(numbers: ArrayLike<number>): boolean {
  for (let i = 1; i < numbers.length; i++) {
    if ((numbers[i] as number) <= (numbers[i - 1] as number)) return false;
  }
  return true;
}
