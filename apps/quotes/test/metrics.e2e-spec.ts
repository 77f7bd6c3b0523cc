import { connect } from 'node:net';
import { eventually } from '#libs/testing/eventually.ts';
import { basic, call, metric, sendRaw, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let users: ServiceProcess;
let quotes: ServiceProcess;
let search: ServiceProcess;

beforeAll(async () => {
  await platform.start();
  const start = (app: string) => platform.service(app);
  [users, quotes, search] = await Promise.all([start('users'), start('quotes'), start('search')]);
});
afterAll(() => platform.stop());

/** The samples of a metric, as `{labels} value`. */
async function samples(service: ServiceProcess, name: string): Promise<string[]> {
  const { body } = await call(service, 'GET /metrics');
  return body
    .split('\n')
    .filter((line: string) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

const count = 'http_request_duration_seconds_count';

it('are in the text format of Prometheus, each with its help and type', async () => {
  for (const service of [users, quotes, search]) {
    const { status, headers, body } = await call(service, 'GET /metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const name of [
      'http_request_duration_seconds',
      'http_requests_in_flight',
      'redis_command_duration_seconds',
      'throttled_requests_total',
      'throttle_failures_total',
      'unauthorized_requests_total',
      'build_info',
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
      'nodejs_heap_size_used_bytes',
    ]) {
      expect(body).toMatch(
        new RegExp(`^# HELP ${name} .+\n# TYPE ${name} (counter|gauge|histogram)$`, 'm'),
      );
    }
  }
});

it('make one series of a thousand ids, by service, method, route and status class', async () => {
  for (let batch = 0; batch < 20; batch += 1) {
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => call(quotes, `GET /quotes/${1 + batch * 50 + i}`)),
    );
  }
  const { body } = succeeded(
    await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json: { quote: 'x' } }),
  );
  await call(quotes, `GET /quotes/${body.id}`);

  expect(
    (await samples(quotes, count)).filter((line) => line.includes('/quotes/:id')).sort(),
  ).toEqual([
    `${count}{service="quotes",method="GET",route="/quotes/:id",status="2xx"} 1`,
    `${count}{service="quotes",method="GET",route="/quotes/:id",status="4xx"} 1000`,
  ]);
});

it('make one series of all paths that no route matches', async () => {
  for (let i = 0; i < 100; i += 1) await call(search, `GET /wp-admin/${i}?x=${i}`);

  expect((await samples(search, count)).filter((line) => line.includes('status="4xx"'))).toEqual([
    `${count}{service="search",method="GET",route="none",status="4xx"} 100`,
  ]);
});

it('count requests in flight, those of clients that went away too, back to none', async () => {
  const inFlight = async () => (await samples(quotes, 'http_requests_in_flight'))[0];
  // The request for the metrics is in flight as well.
  const idle = 'http_requests_in_flight{service="quotes"} 1';
  const sockets = Array.from({ length: 3 }, () => connect(quotes.port, '127.0.0.1'));
  for (const socket of sockets) {
    socket.write(
      `POST /quotes HTTP/1.1\r\nHost: x\r\nAuthorization: ${ADMIN_KEY}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
  }
  await eventually(
    async () => (await inFlight()) === 'http_requests_in_flight{service="quotes"} 4',
  );
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await inFlight()) === idle);

  await Promise.all(Array.from({ length: 50 }, () => call(quotes, 'GET /quotes')));
  await sendRaw(quotes, 'nonsense\r\n\r\n');
  await eventually(async () => (await inFlight()) === idle);
});

it('count what is refused for its credentials: none, a wrong key, a wrong password', async () => {
  const count = () => metric(quotes, 'unauthorized_requests_total');
  const before = await count();
  const json = { quote: 'x' };
  await call(quotes, 'POST /quotes', { json });
  await call(quotes, 'POST /quotes', { json, key: secret('wrong') });
  await call(quotes, 'POST /quotes', { json, key: basic('nobody', secret('wrong')) });
  succeeded(await call(quotes, 'POST /quotes', { json, key: ADMIN_KEY }));

  expect((await count()) - before).toBe(3);
});

it('time the operations of Redis by name', async () => {
  succeeded(
    await call(users, 'POST /users', {
      key: ADMIN_KEY,
      json: { id: 'tintin', name: 'T', password: secret('tintin') },
    }),
  );
  succeeded(await call(users, 'GET /users', { key: ADMIN_KEY }));

  const lines = await samples(users, 'redis_command_duration_seconds_count');
  for (const operation of ['user.create', 'user.list', 'author.allow', 'ping']) {
    expect(lines).toContainEqual(
      expect.stringMatching(new RegExp(`{operation="${operation}"} [1-9]`)),
    );
  }
});

it('say what runs', async () => {
  const { body: version } = await call(quotes, 'GET /version');
  expect(version).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    commit: expect.stringMatching(/^(unknown|[0-9a-f]{7,})$/),
  });
  expect(await samples(quotes, 'build_info')).toEqual([
    `build_info{service="quotes",version="${version.version}",` +
      `commit="${version.commit}",node="${process.version}"} 1`,
  ]);
});

it('hold no key, no password, no id and no text', async () => {
  succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json: { quote: 'indiscret' } }));
  for (const service of [users, quotes, search]) {
    const { body } = await call(service, 'GET /metrics');
    for (const text of [ADMIN_KEY, secret(''), 'argon2', 'tintin', 'indiscret', '127.0.0.1'])
      expect(body).not.toContain(text);
  }
});
