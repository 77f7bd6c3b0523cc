import { generator } from '#libs/testing/random.ts';
import { Candidates } from './candidates.ts';
import { packScore } from './ranking.ts';

describe('Candidates', () => {
  it('gives back each once, with what was known of it, the best bounds first', () => {
    const random = generator(1);
    const candidates = new Candidates<{ tier: number }>();
    const tiers = [{ tier: 0 }, { tier: 1 }, { tier: 0 }];
    const added: unknown[] = [];
    tiers.forEach((tier, n) => {
      for (let document = n; document < 300; document += 3) {
        const proximity = Math.floor(random() * 120);
        const bm25 = random() * 50;
        candidates.add(tier, document, proximity, bm25, packScore(tier.tier, proximity, bm25));
        added.push([tier, document, proximity, bm25]);
      }
    });
    expect(candidates.size).toBe(300);

    const drained: unknown[] = [];
    const steps: number[] = [];
    candidates.drain({ minCompetitiveScore: 0 }, (context, document, proximity, bm25) => {
      drained.push([context, document, proximity, bm25]);
      steps.push(256 * context.tier + proximity);
    });
    expect(new Set(drained)).toEqual(new Set(added));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(candidates.size).toBe(0);
    candidates.drain({ minCompetitiveScore: 0 }, (_, document) => expect(document).toBe(undefined));
  });
});
