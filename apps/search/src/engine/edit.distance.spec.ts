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
});
