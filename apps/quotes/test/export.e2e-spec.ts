import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { Bystander } from '#libs/testing/bystander.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { get, open } from '#libs/testing/flood.ts';
import { call, expectProblem, metric } from '#libs/testing/http-client.ts';
import {
  imageMemorySettings,
  MEMORY_LIMIT_MIB,
  peakMemoryMib,
} from '#libs/testing/image-memory.ts';
import { Platform } from '#libs/testing/platform.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let quotes: ServiceProcess;
/** All quotes, oldest first. */
const ids: string[] = [];

/** Documents of these have the largest size, 11 KB. */
const LONGEST = {
  quote: '🐋'.repeat(2000),
  author: '🐋'.repeat(100),
  source: '🐋'.repeat(200),
  lang: 'grc',
  tags: Array.from({ length: 10 }, (_, i) => `${'🐋'.repeat(31)}${i}`),
};

/** Together they are more than what waits in the buffers of a connection. */
beforeAll(async () => {
  await platform.start();
  const writer = new QuoteWriter(platform.redis);
  for (let i = 0; i < 120; i += 1) {
    const texts = Array.from({ length: 100 }, (_, j) => `${i} ${j} ${'Sabord ! '.repeat(100)}`);
    ids.push(...(await writer.add(...texts.map((text) => text.trim()))));
    ids.push(...(await writer.add(...Array.from({ length: 8 }, () => LONGEST))));
  }
  quotes = await platform.service('quotes');
});
afterAll(() => platform.stop());

/** Begins an export, and reads no more of it than its headers. */
async function begin(service: ServiceProcess, path = '/quotes/export'): Promise<IncomingMessage> {
  const request = httpGet(service.url + path, { agent: false });
  // A reset shows here and at the response.
  request.on('error', () => {});
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  return response;
}

/** Reads what is left of an export: its lines, and whether it is whole. */
async function finish(response: IncomingMessage): Promise<{ lines: string[]; isWhole: boolean }> {
  let text = '';
  let isWhole = true;
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) text += chunk;
  } catch {
    isWhole = false;
  }
  // The last line is what comes behind the last line feed.
  return { lines: text.split('\n').slice(0, -1), isWhole };
}

const idsOf = (lines: string[]): string[] => lines.map((line) => JSON.parse(line).id);
const exportAll = async (service: ServiceProcess, path?: string) =>
  finish(await begin(service, path));
const cut = (service: ServiceProcess, reason: string) =>
  metric(service, `quote_exports_cut_total{reason="${reason}"}`);

it('has a line of complete JSON for every quote, oldest first', async () => {
  const response = await begin(quotes);
  const { lines, isWhole } = await finish(response);

  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe('application/jsonl');
  expect(isWhole).toBe(true);
  expect(idsOf(lines)).toEqual(ids);
  for (const index of [0, 1, 105, ids.length - 1])
    expect(JSON.parse(lines[index] ?? '')).toEqual(
      (await call(quotes, `GET /quotes/${ids[index]}`)).body,
    );
});

it('begins behind any id', async () => {
  const after = ids[1234] ?? '';
  const { lines, isWhole } = await exportAll(quotes, `/quotes/export?after=${after}`);

  expect(isWhole).toBe(true);
  expect(idsOf(lines)).toEqual(ids.slice(1235));
  expect(await exportAll(quotes, `/quotes/export?after=${ids.at(-1)}`)).toEqual({
    lines: [],
    isWhole: true,
  });
});

it.each(['after=x', 'after=1&after=2', 'limit=1'])('refuses ?%s', async (query) => {
  expectProblem(await call(quotes, `GET /quotes/export?${query}`), 400, 'invalid-request');
});

it('answers HEAD without reading any quote', async () => {
  const before = await metric(
    quotes,
    'redis_command_duration_seconds_count{operation="quote.walk"}',
  );
  const answer = await call(quotes, 'HEAD /quotes/export');

  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/jsonl');
  expect(answer.headers.get('content-length')).toBeNull();
  expect(before).toBeGreaterThan(0);
  expect(await metric(quotes, 'redis_command_duration_seconds_count{operation="quote.walk"}')).toBe(
    before,
  );
});

it('is one request of the limit, however long it is', async () => {
  const service = await platform.service('quotes', { THROTTLE_LIMIT: '1' });
  const { lines, isWhole } = await exportAll(service);

  expect(isWhole).toBe(true);
  expect(lines.length).toBe(ids.length);
  expectProblem(await call(service, 'GET /quotes/export'), 429, 'too-many-requests');
  await service.end('SIGTERM');
});

it('is cut off visibly when Redis fails, and goes on behind the last line', async () => {
  const service = await platform.service('quotes');
  const response = await begin(service);
  // HTTP/1.0 has no chunks, so that only a reset shows that something is missing.
  const old = await open(service);
  const failure = once(old, 'error');
  let hasEnded = false;
  old.once('end', () => {
    hasEnded = true;
  });
  old.write('GET /quotes/export HTTP/1.0\r\n\r\n');
  await once(old, 'readable');
  await platform.signalRedis('SIGKILL');
  old.resume();
  const { lines, isWhole } = await finish(response);

  expect(isWhole).toBe(false);
  expect(await failure).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
  expect(hasEnded).toBe(false);
  expect(await cut(service, 'failed')).toBe(2);
  expectProblem(await call(service, 'GET /quotes/export'), 503, 'unavailable');
  expect((await call(service, 'HEAD /quotes/export')).status).toBe(503);

  await platform.startRedis();
  await service.ready();
  const last = idsOf(lines).at(-1);
  expect(last).toBeDefined();
  const rest = await exportAll(service, `/quotes/export?after=${last}`);
  expect(rest.isWhole).toBe(true);
  expect(idsOf([...lines, ...rest.lines])).toEqual(ids);
  await quotes.ready();
  await service.end('SIGTERM');
});

it('is cut off when its service ends', async () => {
  const service = await platform.service('quotes', { DRAIN_SECONDS: '1' });
  const response = await begin(service);
  const start = performance.now();

  expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null });
  // A reader that does not read is cut off after 30 s.
  expect(performance.now() - start).toBeLessThan(15_000);
  expect((await finish(response)).isWhole).toBe(false);
  expect(service.output()).not.toMatch(/"level":"(error|warn)"/);
});

it('has no place while others read', async () => {
  const service = await platform.service('quotes');
  const sockets = await Promise.all(Array.from({ length: 5 }, () => open(service)));
  await platform.signalRedis('SIGSTOP');
  const answers = sockets.map(async (socket) => String(await once(socket, 'data')));
  for (const socket of sockets) socket.write(get('/quotes/export'));
  // The one that has no place is answered before the others.
  await Promise.race(answers);
  const head = await call(service, 'HEAD /quotes/export');
  const kinds = (await Promise.all(answers)).map((answer) => /problem:([a-z-]+)/.exec(answer)?.[1]);
  await platform.signalRedis('SIGCONT');

  expect(kinds.toSorted()).toEqual(['busy', ...Array(4).fill('unavailable')]);
  expect([head.status, head.headers.get('retry-after')]).toEqual([503, '1']);
  for (const socket of sockets) socket.destroy();
  await Promise.all([quotes.ready(), service.ready()]);
  expect((await exportAll(service)).isWhole).toBe(true);
  await service.end('SIGTERM');
});

describe('in the memory of the image', () => {
  let service: ServiceProcess;
  let bystander: Bystander;
  beforeEach(async () => {
    service = await platform.service('quotes', {
      ...imageMemorySettings(),
      NODE_ENV: 'production',
    });
    bystander = new Bystander(service);
  });
  afterEach(async () => {
    await bystander.stop();
    expect(peakMemoryMib(service)).toBeLessThan(MEMORY_LIMIT_MIB);
    await service.end('SIGKILL');
  });

  it('readers that do not read make room for others', async () => {
    const lazy: IncomingMessage[] = [];
    for (let i = 0; i < 8; i += 1)
      lazy.push(
        await eventually(async () => {
          const response = await begin(service);
          return response.statusCode === 200 && response;
        }),
      );
    const whole = await Promise.all(
      Array.from({ length: 6 }, () =>
        eventually(async () => {
          const { lines, isWhole } = await exportAll(service);
          return isWhole && lines.length === ids.length;
        }, 60_000),
      ),
    );

    expect(whole).toEqual(Array(6).fill(true));
    expect(await cut(service, 'crowded')).toBeGreaterThanOrEqual(8);
    for (const response of lazy) expect((await finish(response)).isWhole).toBe(false);
  });

  it('readers that do not read make no room for HEAD', async () => {
    const lazy = await Promise.all(Array.from({ length: 4 }, () => begin(service)));
    expect(lazy.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
    await eventually(async () => (await call(service, 'HEAD /quotes/export')).status === 200);
    expect(await cut(service, 'crowded')).toBe(0);
    for (const response of lazy) response.destroy();
  });

  it('readers that never read are cut off in the end', async () => {
    const lazy = await Promise.all([begin(service), begin(service)]);
    await eventually(async () => (await cut(service, 'stalled')) === 2, 90_000, 500);
    await eventually(async () => (await metric(service, 'http_requests_in_flight')) === 1);
    for (const response of lazy) expect((await finish(response)).isWhole).toBe(false);
  });
});
