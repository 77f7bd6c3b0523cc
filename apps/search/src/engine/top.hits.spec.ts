import { TopHits } from './top.hits.ts';

function topOf(capacity: number, ...scores: number[]): TopHits {
  const top = new TopHits(capacity);
  scores.forEach((score, i) => {
    top.offer(i + 1, score);
  });
  return top;
}

describe('TopHits', () => {
  it('keeps the best, of equal ones those with the highest ids, best first', () => {
    const ids = topOf(4, 0.5, 0.9, 0.5, 0.1, 0.5, 0.7)
      .take(0)
      .map(({ id }) => id);
    expect(ids).toEqual([2, 6, 5, 3]);
    expect(topOf(4, 0.5, 0.9, 0.5, 0.1, 0.5, 0.7).take(2)).toEqual([
      { id: 5, score: 0.5 },
      { id: 3, score: 0.5 },
    ]);
  });

  it('says which score can still enter', () => {
    expect(topOf(2, 0.5).minCompetitiveScore).toBe(Number.NEGATIVE_INFINITY);
    expect(topOf(2, 0.5, 0.7).minCompetitiveScore).toBe(0.5);
    expect(topOf(2, 0.5, 0.7, 0.6).minCompetitiveScore).toBe(0.6);
    expect(topOf(0, 0.5).minCompetitiveScore).toBe(Number.POSITIVE_INFINITY);
    expect(topOf(0, 0.5).take(0)).toEqual([]);
  });

  it('fails when that score falls', () => {
    const top = topOf(2, 0.5, 0.7);
    top.minCompetitiveScore = 0.8;
    expect(() => top.offer(3, 0.6)).toThrow('Broken invariant: the minimal competitive score');
  });
});
