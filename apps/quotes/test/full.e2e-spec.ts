import { eventually } from '#libs/testing/eventually.ts';
import { basic, call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let users: ServiceProcess;
let quotes: ServiceProcess;
let limited: ServiceProcess;
let id: string;
const key = ADMIN_KEY;
const byTintin = basic('tintin', secret('tintin'));
const add = (service: ServiceProcess, credentials = key) =>
  call(service, 'POST /quotes', { key: credentials, json: { quote: 'Mille sabords' } });
const addUser = (user: string) =>
  call(users, 'POST /users', { key, json: { id: user, name: user, password: secret(user) } });

beforeAll(async () => {
  await platform.start();
  [users, quotes, limited] = await Promise.all([
    platform.service('users'),
    platform.service('quotes'),
    platform.service('quotes', { THROTTLE_LIMIT: '5', THROTTLE_WINDOW_SECONDS: '600' }),
  ]);
  for (const user of ['tintin', 'haddock']) succeeded(await addUser(user));
  id = succeeded(await add(quotes)).body.id;
  succeeded(await add(quotes));
  // With this limit Redis is full.
  await platform.configure('maxmemory', '1mb');
});
afterAll(() => platform.stop());

it('reads go on', async () => {
  for (const path of ['/quotes', `/quotes/${id}`, '/quotes/random']) {
    expect((await call(quotes, `GET ${path}`)).status).toBe(200);
  }
  expect((await call(users, 'GET /users', { key })).body.total).toBe(2);
});

it('what adds is refused as full, and said to be tried again, and a metric counts it', async () => {
  for (const answer of [await add(quotes), await add(quotes, byTintin), await addUser('dupond')]) {
    expectProblem(answer, 503, 'full');
    expect(answer.headers.get('retry-after')).not.toBeNull();
  }
  expect((await call(quotes, 'GET /metrics')).body).toContain('\nwrites_refused_full_total 2\n');
  expect((await call(quotes, 'GET /quotes')).body.total).toBe(2);
});

it('the limit holds', async () => {
  const answers = [];
  for (let i = 0; i < 8; i += 1) answers.push((await call(limited, 'GET /quotes')).status);
  expect(answers).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
  expect((await call(limited, 'GET /metrics')).body).toContain('\nthrottle_failures_total 0\n');
});

it('wrong logins are counted, right ones are known', async () => {
  for (let i = 0; i < 20; i += 1) {
    expectProblem(await add(quotes, basic('haddock', secret('wrong'))), 401, 'unauthorized');
  }
  expectProblem(
    await add(quotes, basic('haddock', secret('wrong'))),
    429,
    'too-many-failed-logins',
  );
});

it('/readyz answers 200 and says it', async () => {
  for (const service of [users, quotes]) {
    expect(await call(service, 'GET /readyz')).toMatchObject({
      status: 200,
      body: {
        status: 'degraded',
        reason: expect.stringContaining('full'),
        details: { redis: { status: 'up' } },
      },
    });
  }
});

it('what frees goes on, and leaves nothing behind', async () => {
  expect((await call(quotes, `DELETE /quotes/${id}`, { key })).status).toBe(204);
  expect((await call(quotes, `GET /quotes/${id}`)).status).toBe(404);
  expect((await call(users, 'DELETE /users/haddock', { key })).status).toBe(204);
  expect(await platform.redis.hlen('{users}:leaving')).toBe(0);
});

it('with room again everything is as it was, and taken', async () => {
  await platform.configure('maxmemory', '0');
  await eventually(async () => (await call(quotes, 'GET /readyz')).body.status === 'ok');
  expect((await add(quotes, byTintin)).status).toBe(201);
  expect((await call(quotes, 'GET /quotes')).body.total).toBe(2);
});
