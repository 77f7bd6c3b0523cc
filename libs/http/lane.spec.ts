import { Lane } from './lane.ts';

/** Work that ends when it is told to. */
function work() {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { run: () => promise, end: () => resolve('done') };
}

it('does work in the order in which it came, and refuses what is too much', async () => {
  const lane = new Lane(1, 2);
  const begun: number[] = [];
  const first = work();
  const running = lane.run(first.run);
  const waiting = [1, 2].map((i) =>
    lane.run(async () => {
      begun.push(i);
    }),
  );
  await expect(lane.run(async () => {})).rejects.toThrow();
  expect(begun).toEqual([]);
  first.end();
  await Promise.all([running, ...waiting]);
  expect(begun).toEqual([1, 2]);
});

it('never does what nobody wants any more, and gives its room to others', async () => {
  const lane = new Lane(1, 1);
  const first = work();
  const running = lane.run(first.run);
  const client = new AbortController();
  let isDone = false;
  const left = lane.run(async () => {
    isDone = true;
  }, client.signal);
  client.abort();
  await expect(left).rejects.toThrow();
  await expect(lane.run(async () => {}, AbortSignal.abort())).rejects.toThrow();
  const next = lane.run(async () => 'next');
  first.end();
  await running;
  await expect(next).resolves.toBe('next');
  expect(isDone).toBe(false);
  await expect(lane.run(async () => 'last')).resolves.toBe('last');
});
