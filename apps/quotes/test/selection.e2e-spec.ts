import type { RequestListener } from 'node:http';
import { eventually } from '#libs/testing/eventually.ts';
import { call, expectProblem } from '#libs/testing/http-client.ts';
import { Platform } from '#libs/testing/platform.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { StubService, sendJson } from '#libs/testing/stub-service.ts';

/** A 503 must come within this time. */
const MAX_REFUSAL_MS = 1_200;
/** The reads that ask the search service. */
const SELECTIVE = [
  '/quotes?author=Ada+Quill',
  '/quotes?tag=mer&user_id=tintin',
  '/quotes/random?lang=fr',
  '/quotes/random?max_length=80',
  '/quotes/sample',
  '/quotes/today',
];

const platform = new Platform();
/** A search service that answers as a test says. */
const search = new StubService();
let quotes: ServiceProcess;
/** Ids of quotes that are there, oldest first. */
let ids: string[];

beforeAll(async () => {
  await Promise.all([platform.start(), search.start()]);
  quotes = await platform.service('quotes', { SEARCH_URL: search.url });
});
afterAll(async () => {
  await platform.stop();
  await search.stop();
});
beforeEach(async () => {
  await platform.flush();
  ids = await new QuoteWriter(platform.redis).add('un', 'deux', 'trois');
  search.asked.length = 0;
});

const get = (path: string) => call(quotes, `GET ${path}`, { timeoutMs: MAX_REFUSAL_MS });

/** Answers each call with the next of some selections, and with the last one from then on. */
function select(...selections: string[][]): RequestListener {
  let calls = 0;
  return (request, response) => {
    const selected = selections[Math.min(calls, selections.length - 1)];
    calls += 1;
    sendJson({ ids: selected, total: 7, next: null })(request, response);
  };
}

it('is nothing that reads without filters ask for', async () => {
  for (const path of [
    '/quotes',
    '/quotes?user_id=tintin&limit=1',
    `/quotes?ids=${ids}`,
    '/quotes/random',
    '/quotes/random?min_length=1&max_length=2000',
    `/quotes/${ids[0]}`,
  ])
    expect((await get(path)).status).toBe(200);
  expect(search.asked).toEqual([]);
});

it('makes a page, in its order and without what was deleted meanwhile', async () => {
  const [first = '', second = '', third = ''] = ids;
  search.answer = sendJson({ ids: [third, '404', first], total: 9, next: first });
  const { status, headers, body } = await get('/quotes?author=Ada+Quill&lang=FRA&limit=3&cursor=9');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(body).toEqual({
    items: [{ id: third }, { id: first }].map(expect.objectContaining),
    total: 8,
    next: first,
  });
  expect(search.asked).toEqual(['/selection?limit=3&cursor=9&author=Ada+Quill&lang=fr']);

  search.answer = sendJson({ ids: [], total: 0, next: null });
  expect((await get('/quotes?tag=mer')).body).toEqual({ items: [], total: 0, next: null });
  expect(second).not.toBe('');
});

it('draws again when the quote was deleted meanwhile', async () => {
  const [id = ''] = ids;
  for (const path of ['/quotes/random?lang=fr', '/quotes/today']) {
    search.answer = select(['404'], ['405'], [id]);
    expect((await get(path)).body).toMatchObject({ id, quote: 'un' });
  }
});

it('ends when nothing matches, or all that it names was deleted', async () => {
  for (const path of ['/quotes/random?lang=fr', '/quotes/today']) {
    for (const [ids, status, problem] of [
      [[], 404, 'not-found'],
      // Others may match, which are not known before the search service has heard of the deletions.
      [['404'], 503, 'search-unavailable'],
    ] as const) {
      search.answer = select([...ids]);
      const answer = await get(path);
      expectProblem(answer, status, problem);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  }
  expect(search.asked).toHaveLength(2 * (1 + 4));
});

it('makes a sample, without what was deleted meanwhile', async () => {
  const [first, , third] = ids;
  search.answer = select([third ?? '', '404', first ?? '']);
  const { status, body } = await get('/quotes/sample?n=3&tag=mer&min_length=2&max_length=9');
  expect(status).toBe(200);
  expect(body).toEqual({ items: [{ id: third }, { id: first }].map(expect.objectContaining) });
  expect(search.asked).toEqual(['/selection/sample?n=3&tag=mer&min_length=2&max_length=9']);
});

it('makes the quote of a day, which may be kept until the day ends there', async () => {
  search.answer = select(ids);
  for (const [query, zone] of [
    ['', 'UTC'],
    ['?tz=Asia/Kathmandu&lang=fr&tag=mer', 'Asia/Kathmandu'],
    ['?tz=america/new_york', 'America/New_York'],
  ] as const) {
    const { status, headers, body } = await get(`/quotes/today${query}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: ids[0] });
    const [, maxAge = ''] =
      /^public, max-age=(\d+)$/.exec(headers.get('cache-control') ?? '') ?? [];
    const now = new Date();
    const clock = now.toLocaleTimeString('en-GB', { timeZone: zone });
    const asked = new URL(search.asked.at(-1) ?? '', search.url).searchParams;
    expect(asked.get('day')).toBe(now.toLocaleDateString('sv', { timeZone: zone }));
    // Clocks are not changed on the days of most runs; local.day.spec.ts has those days.
    const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
    const sinceMidnight = (hours * 60 + minutes) * 60 + seconds;
    expect(Math.abs(86_400 - sinceMidnight - Number(maxAge))).toBeLessThanOrEqual(2);
    const start = Number(asked.get('before')) / 1_000_000;
    expect(Math.abs(now.getTime() / 1000 - start - sinceMidnight)).toBeLessThanOrEqual(2);
  }
  expect(search.asked[1]).toMatch(/^\/selection\/today\?lang=fr&tag=mer&day=/);
});

it.each([
  ['/quotes/random?min_length=9&max_length=8', 'min_length', 'must not be above max_length'],
  ['/quotes/sample?min_length=2000&max_length=1', 'min_length', 'must not be above max_length'],
  ['/quotes/random?min_length=0', 'min_length', 'must be one whole number from 1 to 2000'],
  ['/quotes/random?max_length=2001', 'max_length', 'must be one whole number from 1 to 2000'],
  ['/quotes/random?user_id=tintin', 'user_id', 'is not a known field'],
  ['/quotes/sample?n=0', 'n', 'must be one whole number from 1 to 50'],
  ['/quotes/sample?n=51', 'n', 'must be one whole number from 1 to 50'],
  ['/quotes/today?author=x', 'author', 'is not a known field'],
  [
    '/quotes/today?tz=Europe/Mars',
    'tz',
    '"Europe/Mars" is no time zone of IANA, such as Europe/Paris',
  ],
  ['/quotes/today?tz=%2B01:00', 'tz', '"+01:00" is no time zone of IANA, such as Europe/Paris'],
  ['/quotes/today?tz=UTC&tz=UTC', 'tz', 'must be given once'],
  ['/quotes?lang=french', 'lang', 'must be a code of ISO 639, such as en'],
  ['/quotes?author=', 'author', 'must hold readable characters and no control characters'],
  [`/quotes?tag=${'x'.repeat(33)}`, 'tag', 'must have at most 32 characters'],
])('refuses %s', async (path, field, message) => {
  const answer = await get(path);
  expectProblem(answer, 400, 'invalid-request');
  expect(answer.body.errors).toEqual([{ field, message }]);
  expect(search.asked).toEqual([]);
});

it('may fail: the reads that need it are refused in time, and no others', async () => {
  search.answer = select(ids);
  expect((await get('/quotes/today')).status).toBe(200);
  const before = quotes.output().length;
  search.answer = () => {};
  const refused = await Promise.all(SELECTIVE.map(get));
  for (const answer of refused) {
    expectProblem(answer, 503, 'search-unavailable');
    expect(answer.headers.get('retry-after')).toBe('1');
  }
  for (const path of ['/quotes', '/quotes/random', `/quotes/${ids[0]}`, '/readyz'])
    expect((await get(path)).status).toBe(200);

  search.answer = select(ids);
  expect((await get('/quotes/today')).status).toBe(200);
  const told = () =>
    quotes
      .output()
      .slice(before)
      .match(/"msg":"\S+ (?:does not )?answers? [^"]*"/g);
  await eventually(() => told()?.length === 2);
  expect(told()?.map((line) => line.replace(/^"msg":"\S+ /, ''))).toEqual([
    'does not answer as it should: no answer in time"',
    'answers again"',
  ]);
});

it('is not asked any more for a client that has gone', async () => {
  search.answer = () => {};
  const leaving = new AbortController();
  const asked = fetch(`${quotes.url}/quotes?author=x`, { signal: leaving.signal }).catch(() => {});
  await eventually(() => search.open === 1);
  leaving.abort();
  await asked;
  // It ends before the search service would count as away.
  await eventually(() => search.open === 0, 300);
});

it('is not asked for a client over the limit', async () => {
  const limited = await platform.service('quotes', {
    SEARCH_URL: search.url,
    THROTTLE_LIMIT: '1',
    THROTTLE_WINDOW_SECONDS: '600',
  });
  search.answer = select(ids);
  expect((await call(limited, 'GET /quotes')).status).toBe(200);
  for (const path of SELECTIVE)
    expectProblem(await call(limited, `GET ${path}`), 429, 'too-many-requests');
  expect(search.asked).toEqual([]);
});

it('is of no use without Redis, which a read then tells', async () => {
  search.answer = select(ids);
  await platform.signalRedis('SIGKILL');
  for (const path of SELECTIVE) expectProblem(await get(path), 503, 'unavailable');
  await platform.startRedis();
});
