import { eventually } from '#libs/testing/eventually.ts';
import { call } from '#libs/testing/http-client.ts';
import { imageMemorySettings } from '#libs/testing/image-memory.ts';
import { Platform } from '#libs/testing/platform.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { SNAPSHOT_KEYS } from '../src/snapshot.keys.ts';

const platform = new Platform();
let writer: QuoteWriter;
let search: ServiceProcess;

beforeAll(async () => {
  await platform.start();
  writer = new QuoteWriter(platform.redis);
});
afterAll(() => platform.stop());
beforeEach(async () => {
  await platform.flush();
  search = await platform.service('search');
});
afterEach(() => search.end('SIGKILL'));

/** Waits until a search finds so many. */
const finds = (keyword: string, total: number, service = search) =>
  eventually(async () => {
    const { body } = await call(
      service,
      `GET /search?keyword=${encodeURIComponent(keyword)}&limit=1`,
    );
    expect(body.total).toBe(total);
  });

it('holds more quotes than the heap that the image gives to HTTP', async () => {
  search.end('SIGKILL');
  // Different words take most of the heap.
  const quote = (n: number) =>
    `sabords ${[3, 5, 7, 11, 13, 17, 19, 23].map((by) => (n * by + by).toString(36) + by).join(' ')}`;
  for (let from = 0; from < 80_000; from += 500) {
    await writer.add(...Array.from({ length: 500 }, (_, i) => quote(from + i)));
  }
  search = await platform.service('search', imageMemorySettings());
  await finds('sabords', 80_000);
}, 60_000);

async function metric(name: string): Promise<number> {
  const { body } = await call(search, 'GET /metrics');
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(body)?.[1]);
}

it('starts from a snapshot that another replica has saved, and goes on from there', async () => {
  const batch = Array.from({ length: 500 }, (_, i) => `tonnerre de Brest ${i}`);
  const [first = ''] = await writer.add('moule à gaufres');
  for (let i = 0; i < 60; i++) await writer.add(...batch);
  await eventually(
    async () => expect(await platform.redis.exists(SNAPSHOT_KEYS.snapshot)).toBe(1),
    60_000,
  );
  expect(await platform.redis.ttl(SNAPSHOT_KEYS.snapshot)).toBe(-1);

  // The log does not tell of this change, so that only the snapshot can hold it.
  await platform.redis.del(writer.keys.quote + first);
  await platform.redis.zrem(writer.keys.quotes, first);
  const [last = ''] = await writer.add('bachi-bouzouk');
  await writer.remove(last);
  await writer.add('ectoplasme');
  const other = await platform.service('search');
  await finds('tonnerre', 30_000, other);
  await finds('ectoplasme', 1, other);
  await finds('bachi', 0, other);
  const { body } = await call(other, 'GET /metrics');
  expect(body).toMatch(/^search_index_documents 30002$/m);
  expect(body).toMatch(/^search_index_resyncs_total 0$/m);
  expect(body).toMatch(/^search_snapshot_age_seconds [\d.]*[1-9]/m);
});

it('compares all quotes when the log was trimmed past it', async () => {
  const [gone = ''] = await writer.add('sapajou', 'anacoluthe');
  await finds('sapajou', 1);

  await search.freeze();
  await writer.add('zouave', 'iconoclaste');
  await writer.remove(gone);
  await platform.redis.xtrim(writer.keys.log, 'MAXLEN', 0);
  search.process.kill('SIGCONT');

  await finds('zouave', 1);
  await finds('iconoclaste', 1);
  await finds('anacoluthe', 1);
  await finds('sapajou', 0);
  await eventually(async () => expect(await metric('search_index_resyncs_total')).toBe(1));
  expect(await metric('search_index_documents')).toBe(3);
});

it('compares all quotes when Redis has lost its history', async () => {
  await writer.add('sapajou');
  await finds('sapajou', 1);

  await platform.flush();
  await writer.add('anacoluthe');
  await finds('anacoluthe', 1);
  await eventually(async () => expect(await metric('search_index_resyncs_total')).toBe(1));
  await eventually(async () => expect(await metric('search_index_documents')).toBe(1));
});

it('compares all quotes when Redis was restarted, and serves meanwhile', async () => {
  await writer.add('sapajou');
  await finds('sapajou', 1);

  await platform.signalRedis('SIGKILL');
  await platform.startRedis();
  await writer.add('anacoluthe');
  await finds('anacoluthe', 1);
  await finds('sapajou', 1);
  await eventually(async () => expect(await metric('search_index_resyncs_total')).toBe(1));
});

it('tells how it is', async () => {
  await writer.add('mille sabords', 'mille millions de mille sabords');
  await finds('mille', 2);
  await finds('"mille sabords"', 2);
  await finds('sabrods', 2);

  await eventually(async () => {
    expect(await metric('search_index_documents')).toBe(2);
    expect(await metric('search_index_terms')).toBe(4);
    expect(await metric('search_index_lag_entries')).toBe(0);
    expect(await metric('search_index_lag_seconds')).toBeLessThan(5);
  });
  expect(await metric('search_query_duration_seconds_count{kind="few"}')).toBeGreaterThan(0);
});
