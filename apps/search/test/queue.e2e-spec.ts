import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '#libs/testing/eventually.ts';
import { HeldThread } from '#libs/testing/held-thread.ts';
import { type Answer, call, expectProblem } from '#libs/testing/http-client.ts';
import { Platform } from '#libs/testing/platform.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

/** The same bounds as in search.replica.ts. */
const MAX_QUEUE_LENGTH = 128;
const MAX_RUNNING = 2;

const platform = new Platform();
let writer: QuoteWriter;
let search: ServiceProcess;
let held: HeldThread | undefined;

beforeAll(async () => {
  await platform.start();
  writer = new QuoteWriter(platform.redis);
  await writer.add('mille sabords');
  // Clients are told apart by the address that a proxy forwards.
  search = await platform.service('search', { TRUSTED_PROXIES: '127.0.0.1' });
});
afterAll(() => platform.stop());
beforeEach(async () => {
  held = await HeldThread.hold(search, 'index');
});
afterEach(release);

async function release(): Promise<void> {
  await held?.release();
  held = undefined;
}

/** Sends a search as the client with that number. */
function find(client: number, id = `${client}`): Promise<Answer> {
  const headers = { 'x-forwarded-for': `192.0.2.${client}`, 'x-request-id': id };
  return call(search, 'GET /search?keyword=sabords', { headers, timeoutMs: 30_000 });
}

async function metric(name: string): Promise<number> {
  const { body } = await call(search, 'GET /metrics');
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(body)?.[1]);
}

const waiting = (count: number) =>
  eventually(async () => expect(await metric('search_queue_length')).toBe(count));

/** Checks that an answer is a refusal, and returns its detail. */
function refusal(answer: Answer): string {
  expectProblem(answer, 503, 'busy');
  expect(answer.headers.get('retry-after')).toBe('1');
  return answer.body.detail;
}

it('refuses what is more than the queue holds, and keeps room for others', async () => {
  const refused: string[] = [];
  const crowd = Array.from({ length: MAX_RUNNING + MAX_QUEUE_LENGTH + 1 }, () =>
    find(1).then((answer) => {
      if (answer.status !== 200) refused.push(refusal(answer));
    }),
  );
  await eventually(() => expect(refused).toEqual(['Too many searches are waiting']));
  const other = find(2);
  await eventually(() =>
    expect(refused.slice(0, 2)).toEqual(Array(2).fill('Too many searches are waiting')),
  );
  await release();

  expect(await other).toMatchObject({ status: 200, body: { total: 1 } });
  await Promise.all(crowd);
});

it('serves clients in turns', async () => {
  const crowd = Array.from({ length: 30 }, (_, i) => find(1, `crowd-${i}`));
  await waiting(30 - MAX_RUNNING);
  const other = find(2, 'other');
  await waiting(30 - MAX_RUNNING + 1);
  await release();

  expect((await other).status).toBe(200);
  await Promise.all(crowd);
  const order = await eventually(() => {
    const ids = [...search.output().matchAll(/"(crowd-\d+|other)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(31);
    return ids;
  });
  // Searches that ran already, and one whose turn had come.
  expect(order.indexOf('other')).toBeLessThanOrEqual(MAX_RUNNING + 1);
});

it('forgets the searches of clients that have gone', async () => {
  const gone = await metric('search_refused_total{reason="gone"}');
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(search.port, '127.0.0.1');
    socket.write('GET /search?keyword=sabords HTTP/1.1\r\nHost: x\r\n\r\n');
    return socket;
  });
  await waiting(20 - MAX_RUNNING);
  for (const socket of sockets) socket.destroy();
  await Promise.all(sockets.map((socket) => once(socket, 'close')));

  await waiting(0);
  expect((await metric('search_refused_total{reason="gone"}')) - (gone || 0)).toBe(20);
});

it('answers in time that it is too busy', async () => {
  const others = ['GET /selection', 'GET /authors'].map((target) => call(search, target));
  for (const answer of await Promise.all([find(1), ...others])) {
    expect(refusal(answer)).toBe('The search had to wait for too long');
  }
  await waiting(0);
  await release();
  expect((await find(1)).status).toBe(200);
});

it('is not ready while the index stands still, says how far behind it is, recovers', async () => {
  await writer.add('tonnerre de Brest', 'moule à gaufres');
  await eventually(async () => {
    expect(await metric('search_index_lag_entries')).toBe(2);
    expect(await metric('search_index_lag_seconds')).toBeGreaterThan(1);
    expect(await metric('search_index_silent_seconds')).toBeGreaterThan(1);
  });
  await eventually(
    async () => expectProblem(await call(search, 'GET /readyz'), 503, 'not-ready'),
    30_000,
  );
  expect(await metric('search_index_silent_seconds')).toBeGreaterThanOrEqual(10);
  expect((await call(search, 'GET /healthz')).status).toBe(200);
  expectProblem(await find(1), 503, 'not-ready');
  expectProblem(await call(search, 'GET /selection'), 503, 'not-ready');
  expectProblem(await call(search, 'GET /tags'), 503, 'not-ready');
  await release();

  await eventually(async () => expect((await call(search, 'GET /readyz')).status).toBe(200));
  await eventually(async () => {
    expect(await metric('search_index_lag_entries')).toBe(0);
    expect(await metric('search_index_lag_seconds')).toBe(0);
    expect(await metric('search_index_silent_seconds')).toBeLessThanOrEqual(1);
  });
  expect((await call(search, 'GET /search?keyword=gaufres')).body.total).toBe(1);
}, 60_000);
