import { advance } from './posting.seek.ts';

/** Every third document has a posting; the first ten postings and the last ones are of others. */
const FIRST = 10;
const END = 190;
const DOCUMENTS = Uint16Array.from({ length: 200 }, (_, p) =>
  p < FIRST || p >= END ? 1000 + p : 3 * p,
);

describe('advance', () => {
  it('finds every posting, and the next one when there is none, from every posting below', () => {
    for (let p = FIRST; p < END; p++) {
      for (let from = FIRST; from <= p; from++) {
        for (const target of [3 * p - 2, 3 * p - 1, 3 * p]) {
          const found = Math.max(from, p);
          if (target > 3 * (from - 1)) expect(advance(DOCUMENTS, from, END, target)).toBe(found);
        }
      }
    }
  });

  it.each([FIRST, END - 2, END])('finds the end behind the last posting, from %d', (from) => {
    expect(advance(DOCUMENTS, from, END, 3 * END - 2)).toBe(END);
  });
});
