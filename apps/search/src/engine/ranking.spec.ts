import { idf, impact, maxEditDistance, packScore } from './ranking.ts';

describe('maxEditDistance', () => {
  it.each([
    ['none below 5 characters, one below 9', false, [0, 0, 0, 0, 1, 1, 1, 2, 2]],
    ['as the last resort none below 3, one below 6', true, [0, 0, 1, 1, 1, 2, 2, 2, 2]],
  ])('grows with the word: %s, two from there', (_, isLastResort, distances) => {
    const lengths = [1, 2, 3, 4, 5, 6, 8, 9, 40];
    expect(lengths.map((length) => maxEditDistance(length, isLastResort))).toEqual(distances);
  });
});

describe('packScore', () => {
  it('puts tier before proximity before BM25, within 0 and 1', () => {
    const ordered = [
      packScore(0, 0, 9),
      packScore(0, 0, 1),
      packScore(0, 1, 1e6),
      packScore(0, 248, 0),
      packScore(1, 0, 1e6),
      packScore(65, 248, 0),
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
