import { plainDocument } from './plain.document.ts';
import { buildSegment } from './segment.builder.ts';
import { assertSegment } from './segment.invariants.ts';
import type { Segment } from './segment.layout.ts';
import { markDeleted } from './segment.reader.ts';
import { TermTable } from './term.table.ts';

const TEXTS = [
  ...['a b a c', 'b c', 'c d a b', 'd'],
  // As many documents as make two terms, and the pair of them, so common that they have lists and
  // bitmaps.
  ...Array.from({ length: 60 }, (_, i) => (i % 2 ? 'x y z' : 'x y')),
];

function build(): { segment: Segment; table: TermTable } {
  const table = new TermTable();
  const documents = TEXTS.map((text, i) => {
    const terms = Uint32Array.from(text.split(' '), (term) => table.intern(term));
    return plainDocument(100 - i, terms);
  });
  table.sort();
  return { segment: buildSegment(documents, table), table };
}

function swap(array: Uint8Array | Uint16Array | Uint32Array, i: number): void {
  array.subarray(i, i + 2).reverse();
}

describe('assertSegment', () => {
  it('holds for what is built, before and after a deletion', () => {
    const { segment, table } = build();
    markDeleted(segment, 1);
    expect(() => assertSegment(segment, table)).not.toThrow();
  });

  it.each<[string, (segment: Segment) => void]>([
    ['ids ascend', ({ byId }) => swap(byId, 1)],
    ['liveDocCount counts', ({ liveDocs }) => liveDocs.fill(7)],
    ['every document has a place', (segment) => (segment.byId = segment.byId.slice(1))],
    ['the text of a document ends', ({ lengths }) => lengths.fill(3)],
    ['the last tokens end', (segment) => (segment.tokens = Uint8Array.of(...segment.tokens, 0))],
    ['the tags of a document begin', ({ tagStarts }) => tagStarts.fill(3, 1, 2)],
    ['the last tags end', (segment) => (segment.tags = Uint32Array.of(...segment.tags, 0))],
    ['terms ascend', ({ terms }) => swap(terms, 0)],
    ['every term is found', ({ termSlots }) => termSlots.fill(0)],
    ['every term has postings', ({ postingStarts }) => postingStarts.fill(3, 1, 3)],
    ['the last postings end', (segment) => (segment.documents = segment.documents.slice(1))],
    ['the postings of a term ascend', ({ documents }) => swap(documents, 0)],
    ['a posting is of a document', ({ documents }) => documents.fill(TEXTS.length, -1)],
    ['a term has a position', ({ positionMasks }) => positionMasks.fill(0, 4, 5)],
    ['no impact exceeds', ({ blockMaxImpacts }) => blockMaxImpacts.fill(100)],
    ['common terms ascend', ({ commonTerms }) => swap(commonTerms, 0)],
    ['the bitmap of a common term', ({ commonRanks }) => commonRanks.fill(1)],
    ['common pairs ascend', ({ commonPairs }) => swap(commonPairs, 0)],
    ['every common pair', ({ pairStarts }) => pairStarts.fill(0)],
    ['the last pair ends', (segment) => (segment.pairDocuments = segment.pairDocuments.slice(1))],
    ['the documents of a pair ascend', ({ pairDocuments }) => pairDocuments.reverse()],
  ])('%s: tells when it is broken', (invariant, damage) => {
    const { segment, table } = build();
    damage(segment);
    expect(() => assertSegment(segment, table)).toThrow(`Broken invariant: ${invariant}`);
  });
});
