import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#libs/testing/eventually.ts';
import { call, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import { ReplicatedRedis } from '#libs/testing/replicated-redis.ts';
import { ServiceProcess } from '#libs/testing/service-process.ts';

const redis = new ReplicatedRedis();
const logs = mkdtempSync(join(tmpdir(), 'hand-over-'));
let quotes: ServiceProcess;

beforeAll(async () => {
  await redis.start();
  // The limiter counts every read, and admits all.
  const settings = {
    ...redis.env('quotes'),
    ADMIN_KEY,
    THROTTLE_LIMIT: '1000000',
    DRAIN_SECONDS: '0',
  };
  quotes = await ServiceProcess.start('quotes', settings, join(logs, 'quotes.log'));
  await quotes.ready();
}, 90_000);
afterAll(async () => {
  await quotes?.end('SIGKILL');
  await redis.stop();
  rmSync(logs, { recursive: true, force: true });
});

it('answers every read while the master holds writes back and hands over', async () => {
  const master = await redis.whole();
  const post = () =>
    call(quotes, 'POST /quotes', { key: ADMIN_KEY, json: { quote: 'bachibouzouk' } });
  const { body } = succeeded(await post());
  const statuses: string[] = [];
  let isOver = false;
  const readers = [`/quotes/${body.id}`, '/quotes?limit=5', '/quotes/random', '/readyz'].map(
    async (path) => {
      while (!isOver) statuses.push(`${(await call(quotes, `GET ${path}`)).status} ${path}`);
    },
  );
  const more = async (count: number) => {
    const wanted = statuses.length + count;
    await eventually(() => statuses.length >= wanted, 20_000);
  };
  await more(20);
  // Writes that wait delay everything behind them on their connection.
  await master.client.call('CLIENT', 'PAUSE', 1500, 'WRITE');
  const during = post();
  await more(20);
  expect([201, 503]).toContain((await during).status);
  await eventually(async () => expect((await post()).status).toBe(201), 20_000);
  await redis.handOver(master);
  const written = await eventually(async () => {
    const { status, body: quote } = await post();
    return status === 201 && quote;
  }, 20_000);
  // A read sees the write before it, wherever both go.
  statuses.push(`${(await call(quotes, `GET /quotes/${written.id}`)).status} at once`);
  await more(20);
  isOver = true;
  await Promise.all(readers);
  expect(statuses.filter((status) => !status.startsWith('200'))).toEqual([]);
}, 120_000);
