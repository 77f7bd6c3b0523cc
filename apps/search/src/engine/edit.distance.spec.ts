import fc from 'fast-check';
import { editDistance } from './edit.distance.ts';

describe('editDistance', () => {
  it.each([
    ['amour', 'amour', 0],
    ['amour', 'amoru', 1],
    ['amour', 'mour', 1],
    ['amour', 'armour', 1],
    ['amour', 'zmour', 1],
    ['amour', 'amuro', 2],
    ['ca', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['été', 'ete', 2],
    ['👍a', '👎a', 1],
    ['', 'ab', 2],
  ])('%s and %s differ by %i', (a, b, distance) => {
    expect(editDistance(a, b, 3)).toBe(distance);
    expect(editDistance(b, a, 3)).toBe(distance);
  });

  it('is infinite beyond the maximum', () => {
    expect(editDistance('kitten', 'sitting', 2)).toBe(Number.POSITIVE_INFINITY);
    expect(editDistance('short', 'much longer', 2)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is that of the whole table, of which it computes only what is near the diagonal', () => {
    const word = fc.array(fc.constantFrom(...'ab👍'), { maxLength: 10, size: 'max' });
    const property = fc.property(word, word, fc.nat(3), (a, b, max) => {
      const distance = wholeTable(a, b);
      expect(editDistance(a.join(''), b.join(''), max)).toBe(
        distance > max ? Number.POSITIVE_INFINITY : distance,
      );
    });
    fc.assert(property, { seed: 1, numRuns: 5_000 });
  });
});

/** The optimal string alignment distance by its definition. */
function wholeTable(a: string[], b: string[]): number {
  const table = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  const at = (i: number, j: number) => (i < 0 || j < 0 ? 99 : (table[i]?.[j] as number));
  for (let j = 1; j <= b.length; j++) (table[0] as number[])[j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      (table[i] as number[])[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        isSwap ? at(i - 2, j - 2) + 1 : 99,
      );
    }
  }
  return at(a.length, b.length);
}
