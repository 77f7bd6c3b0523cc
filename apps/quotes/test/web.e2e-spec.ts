import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { ProblemName } from '#libs/problem/problem.catalogue.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { call, expectProblem, metric, sendRaw, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
const key = ADMIN_KEY;
const ORIGIN = { origin: 'https://elsewhere.example' };
const EXPOSED = [
  'allow',
  'etag',
  'location',
  'ratelimit-limit',
  'ratelimit-policy',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  'x-request-id',
];
const apps = ['users', 'quotes', 'search'] as const;
type App = (typeof apps)[number];
const services = {} as Record<App, ServiceProcess>;
/** A service that cannot reach Redis. */
let away: ServiceProcess;
/** Of a quote that is short, and of one that is long enough to be compressed. */
let short = '';
let long = '';

beforeAll(async () => {
  await platform.start();
  await Promise.all(apps.map(async (app) => (services[app] = await platform.service(app))));
  const noRedis = { REDIS_CLUSTER: '', REDIS_PORT: '1', THROTTLE_LIMIT: '1' };
  away = await platform.launch('quotes', noRedis);
  await eventually(async () => (await call(away, 'GET /healthz')).status === 200);
  const tintin = { id: 'tintin', name: 'Tintin', password: secret('tintin') };
  succeeded(await call(services.users, 'POST /users', { key, json: tintin }));
  const add = async (quote: string) =>
    succeeded(await call(services.quotes, 'POST /quotes', { key, json: { quote } })).body.id;
  short = await add('Mille sabords !');
  long = await add('Tonnerre de Brest ! '.repeat(100));
  await eventually(
    async () => (await call(services.search, 'GET /search?keyword=brest')).body.total === 1,
  );
});
afterAll(() => platform.stop());

/** Sends a request and reads the bytes of its answer, without undoing any coding. */
async function ask(
  service: ServiceProcess,
  target: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  const [method, path] = target.split(' ');
  const outgoing = request({ port: service.port, path, method, headers, agent: false }).end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const body = Buffer.concat(await answer.toArray());
  return { status: answer.statusCode ?? 0, headers: answer.headers, body };
}

function expectShared(headers: Headers): void {
  expect(headers.get('access-control-allow-origin')).toBe('*');
  expect(headers.get('access-control-expose-headers')?.split(', ')).toEqual(EXPOSED);
  expect(headers.get('access-control-allow-credentials')).toBeNull();
}

describe('a page of another origin', () => {
  it.each([
    ['users', 'GET /users', 200],
    ['users', 'GET /users/tintin', 200],
    ['quotes', 'GET /quotes', 200],
    ['quotes', 'GET /quotes/random', 200],
    ['quotes', 'HEAD /quotes/random', 200],
    ['search', 'GET /search?keyword=brest', 200],
  ] as const)('may read what %s answers to %s', async (app, target, status) => {
    const answer = await call(services[app], target, { key, headers: ORIGIN });
    expect(answer.status).toBe(status);
    expectShared(answer.headers);
  });

  it.each([
    ['users', 'GET /users', 401, 'unauthorized'],
    ['quotes', 'GET /quotes/1', 404, 'not-found'],
    ['quotes', 'GET /nowhere', 404, 'not-found'],
    ['quotes', 'GET /quotes?limit=x', 400, 'invalid-request'],
    ['quotes', 'GET /quotes/%ff', 400, 'malformed-url'],
    ['quotes', `GET /quotes/${'1'.repeat(300)}`, 414, 'url-too-long'],
    ['quotes', 'PUT /quotes', 405, 'method-not-allowed'],
    ['quotes', 'POST /quotes', 401, 'unauthorized'],
    ['search', 'GET /search', 400, 'invalid-request'],
  ] as const)('may read that %s refuses %s', async (app, target, status, problem) => {
    const answer = await call(services[app], target, { headers: ORIGIN });
    expectProblem(answer, status, problem);
    expectShared(answer.headers);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each<[string, string, number, ProblemName]>([
    ['a header that is too large', `X: ${'x'.repeat(20_000)}\r\n`, 431, 'headers-too-large'],
    ['what is no HTTP', 'no field\r\n', 400, 'malformed-http'],
  ])('may read that the parser refuses %s', async (_name, field, status, problem) => {
    const answer = await sendRaw(services.quotes, `GET / HTTP/1.1\r\nHost: x\r\n${field}\r\n`);
    expectProblem(answer, status, problem);
    expectShared(answer.headers);
  });

  it('may read that Redis is away', async () => {
    const answer = await call(away, 'GET /quotes', { headers: ORIGIN });
    expectProblem(answer, 503, 'unavailable');
    expectShared(answer.headers);
    expect(await metric(away, 'throttle_failures_total')).toBe(1);
  });

  it('may read that it asked too often, and when it may again', async () => {
    const limited = await platform.service('quotes', { THROTTLE_LIMIT: '1' });
    for (const target of [`GET /quotes/${short}`, `GET /quotes/${short}`, 'GET /quotes']) {
      const { headers } = await call(limited, target, { headers: ORIGIN });
      expectShared(headers);
      expect(headers.get('ratelimit-limit')).toBe('1');
    }
    const refused = await call(limited, `GET /quotes/${short}`, {
      headers: { ...ORIGIN, 'if-none-match': '*' },
    });
    expectProblem(refused, 429, 'too-many-requests');
    expectShared(refused.headers);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('etag')).toBeNull();
    expect(refused.headers.get('cache-control')).toBe('no-store');
  });

  it('is told nothing of what is for operators, however it writes the path', async () => {
    const paths = ['/healthz', '/readyz', '/version', '/metrics', '/%6detrics', '/docs'];
    for (const service of Object.values(services)) {
      for (const path of paths) {
        const { status, headers } = await call(service, `GET ${path}`, { headers: ORIGIN });
        expect([path, status]).toEqual([path, 200]);
        expect(headers.get('access-control-allow-origin')).toBeNull();
        expect(headers.get('access-control-expose-headers')).toBeNull();
      }
    }
  });

  it('sends no form in the name of whoever is logged in', async () => {
    const post = (headers: Record<string, string>) =>
      call(services.quotes, 'POST /quotes', { key, raw: '{"quote":"x"}', headers });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expectProblem(await post({ ...ORIGIN, ...form }), 415, 'unsupported-media-type');
    expect((await post({ ...ORIGIN, 'content-type': 'application/json' })).status).toBe(201);
    expect((await post(form)).status).toBe(201);
  });
});

describe('a preflight', () => {
  const preflight = (app: App, path: string, method: string, service = services[app]) =>
    call(service, `OPTIONS ${path}`, {
      headers: { ...ORIGIN, 'access-control-request-method': method },
    });

  it.each([
    ['users', '/users', 'GET, HEAD, POST'],
    ['users', '/users/tintin', 'DELETE, GET, HEAD, PATCH'],
    ['quotes', '/quotes?limit=1', 'GET, HEAD, POST'],
    ['quotes', '/quotes/random', 'GET, HEAD'],
    ['quotes', '/quotes/1', 'DELETE, GET, HEAD, PATCH'],
    ['search', '/search?keyword=x', 'GET, HEAD'],
    // The page is to see why the URL itself is refused.
    ['users', '/users/%zz', 'DELETE, GET, HEAD, PATCH'],
    ['users', `/users/${'x'.repeat(257)}?`, 'DELETE, GET, HEAD, PATCH'],
    ['quotes', '/quotes/%ff?limit=1', 'DELETE, GET, HEAD, PATCH'],
    ['quotes', `/quotes/${'1'.repeat(300)}`, 'DELETE, GET, HEAD, PATCH'],
    ['search', '/search/%zz', 'GET, HEAD'],
    // The page is to see the 404 itself.
    ['quotes', '/nowhere', 'GET, HEAD'],
  ] as const)('to %s for %s tells its methods', async (app, path, methods) => {
    const { status, headers, body } = await preflight(app, path, 'DELETE');
    expect([status, body]).toEqual([204, '']);
    expectShared(headers);
    expect(headers.get('access-control-allow-methods')).toBe(methods);
    expect(headers.get('access-control-allow-headers')).toBe(
      'authorization, content-type, if-match, if-none-match',
    );
    expect(headers.get('access-control-max-age')).toBe('7200');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-request-id')).not.toBeNull();
  });

  it('is never limited, and needs no Redis', async () => {
    const limited = await platform.service('quotes', { THROTTLE_LIMIT: '1' });
    await platform.redis.del('throttle:127.0.0.1');
    for (let i = 0; i < 5; i += 1) {
      for (const service of [limited, away])
        expect((await preflight('quotes', '/quotes', 'GET', service)).status).toBe(204);
    }
    expect(await platform.keys('throttle:*')).toEqual([]);
    expect(await metric(away, 'throttle_failures_total')).toBe(1);
  });

  it('is an OPTIONS that says so; any other is refused', async () => {
    expectProblem(await call(services.quotes, 'OPTIONS /quotes'), 405, 'method-not-allowed');
  });
});

describe('an answer that a cache may keep', () => {
  it.each<[App, () => string]>([
    ['quotes', () => `/quotes/${short}`],
    ['quotes', () => `/quotes/${long}`],
    ['quotes', () => '/quotes'],
    ['quotes', () => `/quotes?ids=${short}`],
    ['search', () => '/search?keyword=brest'],
  ])('of %s has a tag, under which it is not sent again', async (app, path) => {
    for (const method of ['GET', 'HEAD']) {
      for (const coding of ['identity', 'gzip', 'br']) {
        const target = `${method} ${path()}`;
        const headers = { 'accept-encoding': coding };
        const first = await ask(services[app], target, headers);
        expect(first.status).toBe(200);
        expect(first.headers['cache-control']).toBe('public, no-cache');
        const tag = String(first.headers.etag);
        expect(tag).toMatch(/^"[\w-]{16}(-gzip|-br)?"$/);

        const held = { ...headers, 'if-none-match': `"other", W/${tag}` };
        const again = await ask(services[app], target, held);
        expect([again.status, again.body.length]).toEqual([304, 0]);
        for (const name of ['etag', 'cache-control', 'vary', 'access-control-allow-origin'])
          expect([name, again.headers[name]]).toEqual([name, first.headers[name]]);
        const other = { ...headers, 'if-none-match': '"0123456789abcdef"' };
        expect((await ask(services[app], target, other)).status).toBe(200);
      }
    }
  });

  it('is asked for again each time: what was deleted is gone at once', async () => {
    const { quotes } = services;
    const added = await call(quotes, 'POST /quotes', { key, json: { quote: 'Moule à gaufres' } });
    const { id } = succeeded(added).body;
    const { headers } = await call(quotes, `GET /quotes/${id}`);
    const held = { headers: { 'if-none-match': headers.get('etag') ?? '' } };
    expect((await call(quotes, `GET /quotes/${id}`, held)).status).toBe(304);
    await call(quotes, `DELETE /quotes/${id}`, { key });
    expectProblem(await call(quotes, `GET /quotes/${id}`, held), 404, 'not-found');
  });

  it('has the same tag for the same bytes, and another for others', async () => {
    const tags = await Promise.all(
      [short, short, long].map(
        async (id) => (await call(services.quotes, `GET /quotes/${id}`)).headers.get('etag') ?? '',
      ),
    );
    expect(tags[0]).toBe(tags[1]);
    expect(tags[0]).not.toBe(tags[2]);
  });
});

describe('If-Match of a read', () => {
  it.each<[App, () => string]>([
    ['quotes', () => `/quotes/${short}`],
    ['quotes', () => `/quotes/${long}`],
    ['quotes', () => `/quotes/${long}.txt`],
    ['quotes', () => '/quotes/feed.atom'],
    ['quotes', () => '/quotes'],
    ['search', () => '/search?keyword=brest'],
    ['search', () => '/openapi.json'],
  ])('is compared with the tag, of %s', async (app, path) => {
    const { etag = '' } = (await ask(services[app], `GET ${path()}`)).headers;
    const coded = `${etag.slice(0, -1)}-br"`;
    for (const method of ['GET', 'HEAD']) {
      const read = (headers: Record<string, string>) =>
        ask(services[app], `${method} ${path()}`, { 'accept-encoding': 'br', ...headers });
      for (const field of ['*', etag, coded, `"x", ${etag}`])
        expect([field, (await read({ 'if-match': field })).status]).toEqual([field, 200]);
      expect((await read({ 'if-match': etag, 'if-none-match': etag })).status).toBe(304);
      for (const field of ['"bogus"', `W/${etag}`, '', etag.slice(1, -1)]) {
        const refused = await read({ 'if-match': field, 'if-none-match': etag });
        expect([field, refused.status]).toEqual([field, 412]);
        expect(refused.headers).toMatchObject({
          'content-type': 'application/problem+json; charset=utf-8',
          'cache-control': 'no-store',
          'access-control-allow-origin': '*',
        });
        for (const name of ['etag', 'content-encoding'])
          expect(refused.headers[name]).toBeUndefined();
      }
    }
    const headers = { 'if-match': '"bogus"' };
    const refused = await call(services[app], `GET ${path()}`, { headers });
    expectProblem(refused, 412, 'precondition-failed');
  });

  it.each<[App, string]>([
    ['quotes', '/quotes/random'],
    ['quotes', '/quotes/export'],
    ['users', '/users'],
    ['users', '/users/tintin'],
  ])('is not met by what has no tag, of %s %s', async (app, path) => {
    for (const method of ['GET', 'HEAD']) {
      const read = async (field: string) => {
        const headers = { authorization: key, 'if-match': field };
        return (await ask(services[app], `${method} ${path}`, headers)).status;
      };
      expect([method, await read('"bogus"'), await read('*')]).toEqual([method, 412, 200]);
    }
  });

  it('says nothing of what cannot be read', async () => {
    const headers = { 'if-match': '"bogus"' };
    expectProblem(await call(services.quotes, 'GET /quotes/1', { headers }), 404, 'not-found');
    expectProblem(await call(services.users, 'GET /users', { headers }), 401, 'unauthorized');
  });
});

describe('an answer that no cache may keep', () => {
  it.each([
    ['quotes', 'GET /quotes/random'],
    ['users', 'GET /users'],
    ['users', 'GET /users/tintin'],
  ] as const)('of %s to %s has no tag', async (app, target) => {
    const held = { 'if-none-match': '*' };
    const { status, headers } = await call(services[app], target, { key, headers: held });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('etag')).toBeNull();
  });
});

describe('compression', () => {
  const get = (path: string, accepted?: string, service = services.quotes) =>
    ask(service, `GET ${path}`, accepted === undefined ? {} : { 'accept-encoding': accepted });

  it.each([
    ['gzip', 'gzip', gunzipSync],
    ['br', 'br', brotliDecompressSync],
    ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
    ['br;q=0.1, gzip', 'gzip', gunzipSync],
    ['*', 'br', brotliDecompressSync],
  ])('of "%s" is %s', async (accepted, coding, open) => {
    const plain = await get(`/quotes/${long}`);
    const { headers, body } = await get(`/quotes/${long}`, accepted);
    expect(headers['content-encoding']).toBe(coding);
    expect(headers.vary).toBe('accept-encoding');
    expect(headers['content-length']).toBe(String(body.length));
    expect(body.length).toBeLessThan(plain.body.length / 5);
    expect(open(body)).toEqual(plain.body);
    expect(headers.etag).not.toBe(plain.headers.etag);
    const head = await ask(services.quotes, `HEAD /quotes/${long}`, {
      'accept-encoding': accepted,
    });
    for (const name of ['content-encoding', 'content-length', 'etag', 'vary'])
      expect([name, head.headers[name]]).toEqual([name, headers[name]]);
  });

  it.each([[undefined], ['identity'], ['gzip;q=0'], ['gzip;q=0, *;q=0'], ['zstd']])(
    'is none for "%s"',
    async (accepted) => {
      const { headers, body } = await get(`/quotes/${long}`, accepted);
      expect(headers['content-encoding']).toBeUndefined();
      expect(headers.vary).toBe('accept-encoding');
      expect(JSON.parse(body.toString()).id).toBe(long);
    },
  );

  it('is none for what is short, and for a problem', async () => {
    for (const path of [`/quotes/${short}`, '/quotes/1']) {
      const { headers } = await get(path, 'gzip, br');
      expect(headers['content-encoding']).toBeUndefined();
      expect(headers.vary).toBeUndefined();
    }
  });

  it('is of what has 1024 bytes, in whatever script', async () => {
    const read = async (quote: string) => {
      const added = await call(services.quotes, 'POST /quotes', { key, json: { quote } });
      return `/quotes/${succeeded(added).body.id}`;
    };
    const around = (await get(await read('x'))).body.length - 1;
    for (const character of ['x', 'é', '語', '🐋']) {
      for (const bytes of [1023, 1024, 1025, 2000]) {
        const size = Buffer.byteLength(character);
        const count = Math.floor((bytes - around) / size);
        const filler = 'x'.repeat(bytes - around - count * size);
        const path = await read(character.repeat(count) + filler);
        expect((await get(path)).body.length).toBe(bytes);
        const { headers, body } = await get(path, 'gzip');
        const coding = bytes < 1024 ? undefined : 'gzip';
        expect([bytes, headers['content-encoding']]).toEqual([bytes, coding]);
        if (coding) expect(gunzipSync(body).length).toBe(bytes);
      }
    }
  });

  it('is of every service, and of its description', async () => {
    const search = await get('/search?keyword=brest', 'gzip', services.search);
    expect(JSON.parse(gunzipSync(search.body).toString()).total).toBe(1);
    const document = await get('/openapi.json', 'gzip', services.users);
    expect(JSON.parse(gunzipSync(document.body).toString()).openapi).toBe('3.0.3');
  });
});
