import { spawn } from 'node:child_process';
import { eventually } from '#libs/testing/eventually.ts';
import { call } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import { freePort } from '../../../deploy/local/redis-server.ts';

const platform = new Platform();
beforeAll(() => platform.start());
// It fails when a secret was logged.
afterAll(() => platform.stop());

it('logs one JSON line a request, with its id, route, status, duration and client, and no secret', async () => {
  const service = await platform.service('quotes');
  const headers = { 'x-request-id': 'from-the-caller' };
  await call(service, 'POST /quotes', { key: ADMIN_KEY, json: { quote: secret('quote') }, headers });
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

it('has written all of its log when it ends', async () => {
  const service = await platform.service('quotes');
  await call(service, 'GET /quotes', { headers: { 'x-request-id': 'the-last-one' } });
  await service.end('SIGTERM');
  expect(service.output()).toContain('"request_id":"the-last-one"');
});

it('goes on when nobody reads its log any more', async () => {
  const port = await freePort();
  const env = { ...platform.redisEnv('quotes'), APP_PORT: String(port), ADMIN_KEY, THROTTLE_LIMIT: '0' };
  const child = spawn(process.execPath, ['dist/apps/quotes/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.destroy();
  const get = async () => (await fetch(`http://127.0.0.1:${port}/quotes`)).status;
  await eventually(async () => (await get()) === 200);
  // More than is collected before it is written.
  for (let i = 0; i < 200; i++) expect(await get()).toBe(200);
  expect(child.exitCode).toBe(null);
  child.kill('SIGKILL');
});
