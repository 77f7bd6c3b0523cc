import { FairQueue } from './fair.queue.ts';

/** All that is left, in the order in which it is served. */
function drain(queue: FairQueue<string>): string[] {
  const items: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  expect(queue.size).toBe(0);
  return items;
}

describe('FairQueue', () => {
  it('serves the clients in turns, each in its order', () => {
    const queue = new FairQueue<string>(100);
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(item.charAt(0), item);
    expect(queue.shift()).toBe('a1');
    queue.push('d', 'd1');
    queue.push('a', 'a4');
    expect(drain(queue)).toEqual(['b1', 'c1', 'a2', 'd1', 'c2', 'a3', 'a4']);
  });

  it('when full, takes the place for a newcomer from the longest line', () => {
    const queue = new FairQueue<string>(4);
    for (const item of ['a1', 'a2', 'a3', 'b1'])
      expect(queue.push(item.charAt(0), item)).toBeUndefined();
    expect(queue.push('a', 'a4')).toBe('a4');
    expect(queue.push('c', 'c1')).toBe('a3');
    expect(queue.push('b', 'b2')).toBe('b2');
    expect(drain(queue)).toEqual(['a1', 'b1', 'c1', 'a2']);
  });

  it('forgets what is taken out, and nothing else', () => {
    const queue = new FairQueue<string>(4);
    for (const item of ['a1', 'a2', 'b1']) queue.push(item.charAt(0), item);
    queue.remove('b', 'b1');
    queue.remove('a', 'a1');
    queue.remove('a', 'a1');
    queue.remove('c', 'c1');
    expect(queue.size).toBe(1);
    expect(drain(queue)).toEqual(['a2']);
  });
});
