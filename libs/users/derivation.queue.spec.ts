import { ProblemError } from '#libs/problem/problem.ts';
import { DerivationQueue, type Priority } from './derivation.queue.ts';

/** Queues tasks while another runs; answers the names in the order run, and those refused. */
async function order(...asked: [name: string, priority: Priority, client: string][]) {
  const queue = new DerivationQueue();
  const ran: string[] = [];
  const refused: string[] = [];
  let release = () => {};
  const first = queue.run(0, 'first', () => new Promise<void>((done) => (release = done)));
  const tasks = asked.map(([name, priority, client]) =>
    queue
      .run(priority, client, async () => void ran.push(name))
      .catch((error: unknown) => {
        expect(error).toEqual(new ProblemError('busy'));
        refused.push(name);
      }),
  );
  release();
  await Promise.all([first, ...tasks]);
  return { ran, refused };
}

describe('a queue of derivations', () => {
  it('prefers the better priority, whoever came first', async () => {
    expect((await order(['c', 3, 'x'], ['b', 2, 'y'], ['a', 0, 'z'])).ran).toEqual(['a', 'b', 'c']);
  });

  it('lets clients of a priority take turns, however much one of them asks for', async () => {
    const greedy = Array.from({ length: 5 }, (_, i): [string, Priority, string] => [
      `g${i}`,
      1,
      'greedy',
    ]);
    expect((await order(...greedy, ['m', 1, 'modest'])).ran).toEqual([
      'g0',
      'm',
      'g1',
      'g2',
      'g3',
      'g4',
    ]);
  });

  it('has room for a better priority and for a modest client when it is full', async () => {
    const wrong = Array.from({ length: 40 }, (_, i): [string, Priority, string] => [
      `w${i}`,
      3,
      'greedy',
    ]);
    const { ran, refused } = await order(...wrong, ['modest', 3, 'modest'], ['right', 1, 'right']);
    expect(ran.slice(0, 3)).toEqual(['right', 'w0', 'modest']);
    expect(ran).toHaveLength(31);
    expect(refused).toHaveLength(11);
  });

  it('goes on after a task that failed', async () => {
    const queue = new DerivationQueue();
    await expect(queue.run(0, 'x', () => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );
    expect(await queue.run(0, 'x', async () => 1)).toBe(1);
  });
});
