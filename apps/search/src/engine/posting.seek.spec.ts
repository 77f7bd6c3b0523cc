import { MAX_LINEAR_STEPS, seek } from './posting.seek.ts';

/** Every third document has a posting; the first ten postings are of another term. */
const FIRST = 10;
const DOCUMENTS = Uint16Array.from({ length: 200 }, (_, p) => (p < FIRST ? 1000 + p : 3 * p));
const LAST = DOCUMENTS.length - 1;

describe('seek', () => {
  it('finds every posting, from every posting above', () => {
    for (let from = FIRST; from <= LAST; from++) {
      for (let p = FIRST; p <= from; p++) expect(seek(DOCUMENTS, from, FIRST, 3 * p)).toBe(p);
    }
  });

  it.each([
    ['near', LAST - 2],
    ['far', LAST - 10 * MAX_LINEAR_STEPS],
  ])('fails for a document without a posting, %s', (_, p) => {
    const invariant = 'Broken invariant: a cursor moves down to a document that has a posting';
    expect(() => seek(DOCUMENTS, LAST, FIRST, 3 * p + 1)).toThrow(invariant);
  });

  it('fails for a document above the cursor', () => {
    expect(() => seek(DOCUMENTS, 50, FIRST, 3 * 51)).toThrow('Broken invariant: a cursor');
  });

  it('fails for a document below the postings of the term', () => {
    expect(() => seek(DOCUMENTS, 50, FIRST, 0)).toThrow('Broken invariant: a cursor moves down');
  });
});
