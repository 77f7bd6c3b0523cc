import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Balancer } from '#libs/testing/balancer.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { call } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());

describe('SIGTERM', () => {
  it('during a rolling restart under keep-alive load fails no request', async () => {
    const env = { DRAIN_SECONDS: '2' };
    const replicas = await Promise.all([
      platform.service('quotes', env),
      platform.service('quotes', env),
    ]);
    const balancer = new Balancer(replicas.map(({ port }) => port));
    await balancer.start();
    let going = true;
    let answered = 0;
    const clients = Array.from({ length: 12 }, async (_, client) => {
      while (going) {
        const write = client % 3 === 0;
        const answer = await fetch(`${balancer.url}/quotes`, {
          ...(write && { method: 'POST', body: JSON.stringify({ quote: `sabord ${answered}` }) }),
          headers: { authorization: ADMIN_KEY, 'content-type': 'application/json' },
        });
        await answer.text();
        answered += 1;
      }
    });

    try {
      for (const replica of replicas) {
        const before = answered;
        await eventually(() => answered > before + 50);
        expect(await replica.end('SIGTERM')).toEqual({ code: 0, signal: null });
        await platform.service('quotes', { ...env, APP_PORT: String(replica.port) });
      }
      const before = answered;
      await eventually(() => answered > before + 50);
    } finally {
      going = false;
      await Promise.allSettled(clients);
      balancer.stop();
    }
    expect(balancer.failures).toEqual([]);
  });

  it('fails readiness first, goes on serving, and finishes the request under way', async () => {
    const service = await platform.service('quotes', { DRAIN_SECONDS: '1' });
    const body = JSON.stringify({ quote: 'en route' });
    const socket = connect(service.port, '127.0.0.1');
    socket.write(
      `POST /quotes HTTP/1.1\r\nHost: x\r\nAuthorization: ${ADMIN_KEY}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n` +
        body.slice(0, 5),
    );
    const answer = once(socket, 'data');
    service.process.kill('SIGTERM');
    await eventually(async () => (await call(service, 'GET /readyz')).status === 503);
    expect((await call(service, 'GET /healthz')).status).toBe(200);
    expect((await call(service, 'GET /quotes')).status).toBe(200);
    // The rest of the request comes when no connection is accepted any more.
    await eventually(() =>
      call(service, 'GET /healthz').then(
        () => false,
        () => true,
      ),
    );
    socket.write(body.slice(5));

    expect(String(await answer)).toMatch(/^HTTP\/1.1 201 /);
    expect(await service.exited).toEqual({ code: 0, signal: null });
    socket.destroy();
  });

  it('ends a service with idle keep-alive connections', async () => {
    const service = await platform.service('quotes');
    const socket = connect(service.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');

    expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null });
    socket.destroy();
  });

  it.each([
    ['twice', 'SIGTERM', 'SIGTERM'],
    ['and Ctrl-C', 'SIGTERM', 'SIGINT'],
  ] as const)('%s ends a service once', async (_name, first, second) => {
    const service = await platform.service('users', { DRAIN_SECONDS: '1' });
    service.process.kill(first);
    await eventually(async () => (await call(service, 'GET /readyz')).status === 503);

    expect(await service.end(second)).toEqual({ code: 0, signal: null });
    expect(service.output()).not.toMatch(/"level":"(error|warn)"/);
  });

  it.each(['users', 'quotes', 'search'])('ends %s while Redis is away', async (app) => {
    const service = await platform.service(app);
    await platform.signalRedis('SIGKILL');
    await eventually(async () => (await call(service, 'GET /readyz')).status === 503);

    expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await platform.startRedis();
  });
});

describe('a start', () => {
  it.each([
    ['users', 'ADMIN_KEY', ''],
    ['quotes', 'ADMIN_KEY', 'short'],
    ['quotes', 'ADMIN_KEYS', 'short'],
    ['shop', 'COOKIE_SECRET', 'fifteen letters'],
    ['search', 'REDIS_PORT', 'six'],
    ['users', 'THROTTLE_LIMIT', '-1'],
    ['quotes', 'TRUSTED_PROXIES', '10.0.0.0/99'],
    ['search', 'LOG_LEVEL', 'loud'],
  ])('of %s with a wrong %s ends with one line that names it', async (app, variable, value) => {
    const service = await platform.launch(app, { [variable]: value });

    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.output()).toMatch(new RegExp(`^${app} cannot start: ${variable} [^\n]+\n$`));
  });

  it('in production with the key of the examples is refused', async () => {
    const service = await platform.launch('users', {
      ADMIN_KEY: 'changeme',
      NODE_ENV: 'production',
    });

    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.output()).toMatch(
      /^users cannot start: ADMIN_KEY is a well-known example[^\n]+\n$/,
    );
  });

  it('of search needs no key', async () => {
    const service = await platform.service('search', { ADMIN_KEY: '' });
    expect((await call(service, 'GET /search?keyword=x')).status).toBe(200);
  });

  it('on a port that is taken ends with one line that names it', async () => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const service = await platform.launch('users', { APP_PORT: String(port) });
    const end = await service.exited;
    server.close();

    expect(end).toEqual({ code: 1, signal: null });
    expect(service.output()).toBe(
      `users cannot start: port ${port} is already in use (APP_PORT)\n`,
    );
  });

  it('without Redis waits for it', async () => {
    await platform.signalRedis('SIGKILL');
    const services = await Promise.all(
      ['users', 'quotes', 'search'].map((app) => platform.launch(app)),
    );
    for (const service of services) {
      await eventually(async () => (await call(service, 'GET /healthz')).status === 200);
      expect((await call(service, 'GET /readyz')).status).toBe(503);
    }
    await platform.startRedis();
    await Promise.all(services.map((service) => service.ready()));
    const [users] = services;
    const json = { id: 'tintin', name: 'Tintin', password: secret('tintin') };
    if (users)
      expect((await call(users, 'POST /users', { key: ADMIN_KEY, json })).status).toBe(201);
  });
});
