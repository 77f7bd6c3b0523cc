import { generator } from '#libs/testing/random.ts';
import { MatchQueue } from './match.queue.ts';

describe('MatchQueue', () => {
  it('gives back each match once, with what was added, the lowest orders first', () => {
    const random = generator(1);
    const queue = new MatchQueue<string>();
    const lists = [0, 1, 2].map((i) => Int32Array.from({ length: 100 }, (_, k) => 1000 * i + k));
    const added: unknown[] = [];
    for (const context of ['a', 'b']) {
      for (let k = 0; k < 30; k++) {
        const order = Math.floor(random() * 256);
        queue.add(context, 60_000 + k, order, k, lists, 3, k);
        added.push([context, 60_000 + k, order, k, k, 1000 + k, 2000 + k]);
      }
    }
    const drained: unknown[][] = [];
    queue.drain(3, (context, document, order, mask, first) => {
      const postings = [0, 1, 2].map((i) => queue.posting(first + i));
      drained.push([context, document, order, mask, ...postings]);
      return true;
    });
    expect(new Set(drained)).toEqual(new Set(added));
    const orders = drained.map(([, , order]) => order as number);
    expect(orders).toEqual(orders.toSorted((a, b) => a - b));
    queue.drain(3, () => {
      throw new Error('It was drained.');
    });
  });

  it.each([1, 4, 16])('is full when no match of %d words has room', (words) => {
    const queue = new MatchQueue<string>();
    const lists = Array.from({ length: words }, () => Int32Array.of(7));
    let count = 0;
    for (; !queue.isFull(words); count++) queue.add('', 1, 0, 0, lists, words, 0);
    expect(count).toBe(Math.min(65_536, 262_144 / words));
    let visited = 0;
    queue.drain(words, (_, __, ___, ____, first) => {
      visited += queue.posting(first + words - 1) === 7 ? 1 : 0;
      return true;
    });
    expect(visited).toBe(count);
  });
});
