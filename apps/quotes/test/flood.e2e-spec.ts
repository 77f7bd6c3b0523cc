import { once } from 'node:events';
import type { Socket } from 'node:net';
import { MAX_CONNECTIONS } from '#libs/http/http.server.ts';
import { Bystander } from '#libs/testing/bystander.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { get, open, pipeline } from '#libs/testing/flood.ts';
import { metric } from '#libs/testing/http-client.ts';
import {
  imageMemorySettings,
  MEMORY_LIMIT_MIB,
  peakMemoryMib,
} from '#libs/testing/image-memory.ts';
import { Platform } from '#libs/testing/platform.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { StubService, sendJson } from '#libs/testing/stub-service.ts';

const platform = new Platform();
/** A search service that answers at once with as many quotes as are wanted, all large or none. */
const search = new StubService();
/** Each attack meets a new process, with the heap of the image. */
let service: ServiceProcess;
let bystander: Bystander;

/** A page of these has the largest size of a page: 1.1 MB. */
const LONGEST = {
  quote: '🐋'.repeat(2000),
  author: '🐋'.repeat(100),
  source: '🐋'.repeat(200),
  lang: 'grc',
  tags: Array.from({ length: 10 }, (_, i) => `${'🐋'.repeat(31)}${i}`),
};
const LARGEST_PAGE = '/quotes?limit=100';
/** Redis sends 56 KB for it, and many of its kind at a time. */
const LARGEST_SMALL_PAGE = '/quotes?limit=6';
/** A page of the newest quotes, which are of ordinary length. */
let ordinaryPage = '';

beforeAll(async () => {
  await Promise.all([platform.start(), search.start()]);
  const writer = new QuoteWriter(platform.redis);
  const text = (i: number) =>
    `Mille millions de mille milliards de mille sabords de tonnerre de Brest, n° ${i} !`;
  const ordinary = await writer.add(...Array.from({ length: 200 }, (_, i) => text(i)));
  const largest = await writer.add(...Array.from({ length: 100 }, () => LONGEST));
  ordinaryPage = `${LARGEST_PAGE}&cursor=${largest[0]}`;
  search.answer = (request, response) => {
    const { searchParams } = new URL(request.url ?? '', search.url);
    const ids = searchParams.get('lang') === LONGEST.lang ? largest : ordinary;
    const count = Number(searchParams.get('limit') ?? searchParams.get('n'));
    sendJson({ ids: ids.slice(0, count), total: ids.length, next: null })(request, response);
  };
});
afterAll(async () => {
  await platform.stop();
  await search.stop();
});

beforeEach(async () => {
  service = await platform.service('quotes', {
    ...imageMemorySettings(),
    NODE_ENV: 'production',
    SEARCH_URL: search.url,
  });
  bystander = new Bystander(service);
});
afterEach(async () => {
  await bystander.stop();
  expect(peakMemoryMib(service)).toBeLessThan(MEMORY_LIMIT_MIB);
  await service.end('SIGKILL');
});

describe('one connection that sends without waiting for answers', () => {
  it.each([
    ['10,000 requests for a random quote', () => get('/quotes/random'), 10_000],
    ['10,000 of the shortest requests', () => 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 10_000],
    ['5,000 requests for a page of a hundred', () => get(ordinaryPage), 5_000],
    ['200 requests for the bundle of Swagger UI', () => get('/docs/swagger-ui-bundle.js'), 200],
  ])('is answered in turn: %s', async (_name, request, count) => {
    const statuses = await pipeline(service, request(), count);
    expect(sum(statuses)).toBe(count);
  });
});

it('readers that never read keep little, and are cut off in the end', async () => {
  const readers = await Promise.all(Array.from({ length: 30 }, () => open(service)));
  for (const reader of readers) {
    // Nothing is read, so that the end of the connection shows only at the next write.
    reader.pause();
    reader.write(get(LARGEST_PAGE).repeat(50));
  }
  await eventually(async () => (await metric(service, 'http_connections_cut_total')) > 0, 60_000);
  await eventually(
    async () => (await metric(service, 'http_requests_in_flight')) <= 2,
    90_000,
    500,
  );
  for (const reader of readers) reader.destroy();
});

it.each([
  ['a thousand', 'an ordinary page of a hundred', 1000, () => ordinaryPage, 'identity'],
  ['a thousand', 'the largest of the small pages', 1000, () => LARGEST_SMALL_PAGE, 'identity'],
  ['a hundred', 'the largest page there can be', 100, () => LARGEST_PAGE, 'identity'],
  ['a thousand', 'an ordinary page of a hundred', 1000, () => ordinaryPage, 'br'],
  ['a thousand', 'the largest of the small pages', 1000, () => LARGEST_SMALL_PAGE, 'gzip'],
  ['a hundred', 'the largest page there can be', 100, () => LARGEST_PAGE, 'br'],
  [
    'a thousand',
    'an ordinary page of a hundred that match',
    1000,
    () => `${LARGEST_PAGE}&lang=fr`,
    'identity',
  ],
  [
    'a thousand',
    'the largest of the small pages that match',
    1000,
    () => `${LARGEST_SMALL_PAGE}&lang=${LONGEST.lang}`,
    'identity',
  ],
  [
    'a hundred',
    'the largest page that matches',
    100,
    () => `${LARGEST_PAGE}&lang=${LONGEST.lang}`,
    'br',
  ],
  ['a thousand', 'one that matches', 1000, () => `/quotes/random?lang=${LONGEST.lang}`, 'identity'],
])(
  '%s clients that ask at once for quotes are answered: %s, row %#',
  async (_name, _page, clients, page, coding) => {
    const request = get(page(), `Accept-Encoding: ${coding}\r\n`);
    const answers = await Promise.all(
      Array.from({ length: clients }, () => pipeline(service, request, 1)),
    );
    // Redis may take too long for some, and readers that are too slow are cut off.
    expect(answers.filter((statuses) => statuses.has(200)).length).toBeGreaterThan(clients / 2);
  },
);

it('too many connections: idle ones make room, the longest idle first', async () => {
  const idle: Socket[] = [];
  for (let i = 0; i < MAX_CONNECTIONS + 20; i += 1) idle.push(await open(service));
  const gone = idle.slice(0, 20);
  await Promise.all(gone.map((socket) => socket.closed || once(socket.resume(), 'close')));
  expect(idle.slice(-20).some((socket) => socket.closed)).toBe(false);
  for (const socket of idle) socket.destroy();
});

function sum(statuses: Map<number, number>): number {
  return [...statuses.values()].reduce((all, count) => all + count, 0);
}
