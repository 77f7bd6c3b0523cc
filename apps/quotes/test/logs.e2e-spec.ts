import { spawn } from 'node:child_process';
import { eventually } from '#libs/testing/eventually.ts';
import { call, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { freePort } from '#libs/testing/redis-server.ts';
import { secret } from '#libs/testing/secrets.ts';

const platform = new Platform();
beforeAll(() => platform.start());
// stop() fails when a secret was logged.
afterAll(() => platform.stop());

it('logs a JSON line per request: id, route, status, duration, client, and no secret', async () => {
  const service = await platform.service('quotes');
  const headers = { 'x-request-id': 'from-the-caller' };
  succeeded(
    await call(service, 'POST /quotes', {
      key: ADMIN_KEY,
      json: { quote: secret('quote') },
      headers,
    }),
  );
  await call(service, `GET /quotes/abc?key=${secret('query')}`, { key: secret('key') });

  const lines = await eventually(() => {
    const found = service
      .output()
      .split('\n')
      .filter((line) => line.includes('"route":"/quotes') && line.includes('"duration_ms"'));
    return found.length === 2 && found.map((line) => JSON.parse(line));
  });
  const line = {
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    service: 'quotes',
    duration_ms: expect.any(Number),
    client: '127.0.0.1',
  };
  expect(lines).toEqual([
    { ...line, request_id: 'from-the-caller', method: 'POST', route: '/quotes', status: 201 },
    { ...line, request_id: expect.any(String), method: 'GET', route: '/quotes/:id', status: 400 },
  ]);
});

it('tells once why Redis cannot be used, and once that it can be used again', async () => {
  const service = await platform.service('quotes');
  const told = () =>
    service
      .output()
      .split('\n')
      .filter((line) => /"level":"(warn|error)"/.test(line))
      .map((line) => JSON.parse(line));
  const redisIs = `Redis at ${platform.redisAddress.replaceAll(',', ', ')} is`;
  await platform.signalRedis('SIGKILL');
  await eventually(() => expect(told().at(-1)?.msg).toBe(`${redisIs} away: refused`));
  const lines = told();
  for (let i = 0; i < 10; i++) expect((await call(service, 'GET /quotes')).status).toBe(503);
  await platform.startRedis();
  await eventually(() => expect(told().at(-1)?.msg).toBe(`${redisIs} back`), 30_000);
  expect(told().slice(0, lines.length)).toEqual(lines);
  const line = { service: 'quotes', context: 'redis', time: expect.any(String) };
  expect(lines.at(-1)).toEqual({ ...line, level: 'error', msg: `${redisIs} away: refused` });
  expect(told().at(-1)).toEqual({ ...line, level: 'warn', msg: `${redisIs} back` });
  // A killed Redis may cut off a connection first, and a cluster that is back is down for a moment.
  expect(new Set(told().map(({ msg }) => msg)).size).toBe(told().length);
});

it('has written all of its log when it ends', async () => {
  const service = await platform.service('quotes');
  await call(service, 'GET /quotes', { headers: { 'x-request-id': 'the-last-one' } });
  await service.end('SIGTERM');
  expect(service.output()).toContain('"request_id":"the-last-one"');
});

it('goes on when nobody reads its log any more', async () => {
  const port = await freePort();
  const env = {
    ...platform.redisEnv('quotes'),
    APP_PORT: String(port),
    ADMIN_KEY,
    THROTTLE_LIMIT: '0',
  };
  const child = spawn(process.execPath, ['dist/apps/quotes/main.js'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.destroy();
  const get = async () => (await fetch(`http://127.0.0.1:${port}/quotes`)).status;
  await eventually(async () => (await get()) === 200);
  // These lines are more than the log collects before it writes.
  for (let i = 0; i < 200; i++) expect(await get()).toBe(200);
  expect(child.exitCode).toBe(null);
  child.kill('SIGKILL');
});
