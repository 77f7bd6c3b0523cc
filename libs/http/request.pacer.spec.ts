import { setImmediate as turn } from 'node:timers/promises';
import { MAX_HELD_MS, RequestPacer } from './request.pacer.ts';

function paced() {
  const begun: number[] = [];
  const pacer = new RequestPacer();
  return { pacer, begun, begin: (n: number) => pacer.begin(() => begun.push(n)) };
}

it('begins a request at once when no connection comes', () => {
  const { begun, begin } = paced();
  begin(1);
  begin(2);
  expect(begun).toEqual([1, 2]);
});

it('begins none while connections come in, and then one in a turn, in their order', async () => {
  const { pacer, begun, begin } = paced();
  for (let n = 0; n < 5; n++) {
    pacer.noteConnection();
    begin(n);
    await turn();
  }
  expect(begun).toEqual([]);
  for (let n = 0; n < 5; n++) {
    await turn();
    expect(begun).toHaveLength(n + 1);
  }
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  begin(5);
  expect(begun).toHaveLength(6);
});

it('goes on while connections come in without end', async () => {
  const { pacer, begun, begin } = paced();
  pacer.noteConnection();
  begin(1);
  const start = performance.now();
  while (begun.length === 0) {
    pacer.noteConnection();
    await turn();
  }
  expect(performance.now() - start).toBeGreaterThanOrEqual(MAX_HELD_MS - 1);
});
