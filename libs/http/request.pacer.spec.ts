import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { MAX_HELD_MS, RequestPacer } from './request.pacer.ts';

function paced() {
  const begun: number[] = [];
  const pacer = new RequestPacer();
  const begin = (n: number) => {
    const response = new EventEmitter() as ServerResponse;
    pacer.begin(response, () => void begun.push(n));
    return response;
  };
  return { pacer, begun, begin };
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
  for (let count = 1; count <= 5; count++) {
    await turn();
    expect(begun).toHaveLength(count);
  }
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  begin(99);
  expect(begun.at(-1)).toBe(99);
});

it('never begins a request whose client has gone', async () => {
  const { pacer, begun, begin } = paced();
  pacer.noteConnection();
  begin(1);
  begin(2).emit('close');
  begin(3);
  for (let turns = 0; turns < 4; turns++) await turn();
  expect(begun).toEqual([1, 3]);
});

it('goes on while connections come in without end', async () => {
  const { pacer, begun, begin } = paced();
  pacer.noteConnection();
  begin(0);
  const start = performance.now();
  while (begun.length === 0) {
    pacer.noteConnection();
    await turn();
  }
  expect(performance.now() - start).toBeGreaterThanOrEqual(MAX_HELD_MS - 1);
  // The streak goes on: what comes now is not held again.
  pacer.noteConnection();
  begin(1);
  await turn();
  expect(begun).toEqual([0, 1]);
});

it('holds none for longer by a gap now and then', async () => {
  const { pacer, begun, begin } = paced();
  const count = 100;
  pacer.noteConnection();
  for (let n = 0; n < count; n++) begin(n);
  const start = performance.now();
  await turn();
  // One turn without a connection.
  await turn();
  expect(begun).toHaveLength(1);
  while (begun.length < count && performance.now() - start < 2 * MAX_HELD_MS) {
    pacer.noteConnection();
    await turn();
  }
  expect(begun).toHaveLength(count);
});
