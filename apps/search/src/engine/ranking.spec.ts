import { idf, impact, score, typos, typosAllowed } from './ranking.ts';

describe('typos', () => {
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
    expect(typos(a, b, 3)).toBe(distance);
    expect(typos(b, a, 3)).toBe(distance);
  });

  it('is infinite beyond what is asked', () => {
    expect(typos('kitten', 'sitting', 2)).toBe(Number.POSITIVE_INFINITY);
    expect(typos('short', 'much longer', 2)).toBe(Number.POSITIVE_INFINITY);
  });

  it('are forgiven by length: none below 5, one below 9, two from there', () => {
    expect([1, 4, 5, 8, 9, 40].map(typosAllowed)).toEqual([0, 0, 1, 1, 2, 2]);
  });
});

describe('score', () => {
  it('puts tier before proximity before BM25, within 0 and 1', () => {
    const ordered = [
      score(0, 0, 9),
      score(0, 0, 1),
      score(0, 1, 1e6),
      score(0, 248, 0),
      score(1, 0, 1e6),
      score(65, 248, 0),
    ];
    expect(ordered).toEqual([...ordered].sort((a, b) => b - a));
    expect(new Set(ordered).size).toBe(ordered.length);
    expect(Math.min(...ordered)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ordered)).toBeLessThanOrEqual(1);
  });
});

describe('BM25', () => {
  it('weighs rare terms, frequent occurrences and short documents more, in bytes', () => {
    expect(idf(1000, 1)).toBeGreaterThan(idf(1000, 900));
    expect(idf(1000, 1000)).toBeGreaterThan(0);
    expect(impact(2, 16)).toBeGreaterThan(impact(1, 16));
    expect(impact(1, 8)).toBeGreaterThan(impact(1, 16));
    expect(impact(1, 2000)).toBeGreaterThanOrEqual(1);
    expect(impact(2000, 2000)).toBeLessThanOrEqual(255);
  });
});
