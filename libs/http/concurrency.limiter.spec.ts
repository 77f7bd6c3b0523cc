import { ConcurrencyLimiter } from './concurrency.limiter.ts';

/** Work that ends on command. */
function work() {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { run: () => promise, end: () => resolve('done') };
}

it('does work in the order of its arrival, and refuses what is too much', async () => {
  const limiter = new ConcurrencyLimiter(1, 2);
  const begun: number[] = [];
  const first = work();
  const running = limiter.run(first.run);
  const waiting = [1, 2].map((i) =>
    limiter.run(async () => {
      begun.push(i);
    }),
  );
  await expect(limiter.run(async () => {})).rejects.toThrow();
  expect(begun).toEqual([]);
  first.end();
  await Promise.all([running, ...waiting]);
  expect(begun).toEqual([1, 2]);
});

it('never does work that nobody wants any more, and gives its place to others', async () => {
  const limiter = new ConcurrencyLimiter(1, 1);
  const first = work();
  const running = limiter.run(first.run);
  const client = new AbortController();
  let isDone = false;
  const left = limiter.run(async () => {
    isDone = true;
  }, client.signal);
  client.abort();
  await expect(left).rejects.toThrow();
  await expect(limiter.run(async () => {}, AbortSignal.abort())).rejects.toThrow();
  const next = limiter.run(async () => 'next');
  first.end();
  await running;
  await expect(next).resolves.toBe('next');
  expect(isDone).toBe(false);
  await expect(limiter.run(async () => 'last')).resolves.toBe('last');
});
