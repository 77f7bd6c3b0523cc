import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { certify } from '#libs/testing/certificates.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { call, expectProblem } from '#libs/testing/http-client.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import {
  findRedisProgram,
  freePort,
  type RedisServer,
  startRedis,
} from '#libs/testing/redis-server.ts';
import { ServiceProcess } from '#libs/testing/service-process.ts';

/** A process may take so long to start on a busy machine. */
const MAX_START_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const program = findRedisProgram();
const servers: RedisServer[] = [];
const services: ServiceProcess[] = [];
let sentinel: ChildProcess | undefined;

const path = (name: string) => join(folder, name);

const tlsArgs = (port: number) => [
  ...[
    '--port',
    '0',
    '--tls-port',
    String(port),
    '--tls-cert-file',
    path('server.pem'),
    '--tls-key-file',
    path('server.key'),
  ],
  ...[
    '--tls-ca-cert-file',
    path('authority.pem'),
    '--tls-replication',
    'yes',
    '--tls-cluster',
    'yes',
  ],
];

/** Starts a Redis that speaks only TLS. */
async function start(...args: string[]): Promise<number> {
  const port = await freePort();
  servers.push(
    await startRedis(program, { port, dir: path(String(port)), args: [...tlsArgs(port), ...args] }),
  );
  return port;
}

async function launch(env: NodeJS.ProcessEnv): Promise<ServiceProcess> {
  const settings = {
    REDIS_HOST: '127.0.0.1',
    ADMIN_KEY,
    THROTTLE_LIMIT: '0',
    DRAIN_SECONDS: '0',
    REDIS_TLS: 'true',
    ...env,
  };
  const service = await ServiceProcess.start(
    'quotes',
    settings,
    path(`quotes-${services.length}.log`),
  );
  services.push(service);
  return service;
}

beforeAll(() => {
  certify(folder, 'authority', 'server', 'IP:127.0.0.1,DNS:redis.example');
  certify(folder, 'stranger', 'other', 'IP:127.0.0.1');
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.end('SIGKILL')));
});
afterAll(() => {
  for (const child of [sentinel, ...servers.map((server) => server.process)])
    child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('a single Redis that wants certificates of its clients', () => {
  let REDIS_PORT: string;
  beforeAll(async () => {
    REDIS_PORT = String(await start('--tls-auth-clients', 'optional'));
  });

  const CA = { REDIS_TLS_CA: path('authority.pem') };

  it.each<[string, NodeJS.ProcessEnv]>([
    ['its authority', CA],
    [
      'a certificate of our own',
      { ...CA, REDIS_TLS_CERT: path('server.pem'), REDIS_TLS_KEY: path('server.key') },
    ],
    ['the name that it is certified for', { ...CA, REDIS_TLS_SERVERNAME: 'redis.example' }],
  ])('serves with %s', async (_, env) => {
    const service = await (await launch({ REDIS_PORT, ...env })).ready();
    const { status } = await call(service, 'POST /quotes', {
      key: ADMIN_KEY,
      json: { quote: 'x' },
    });
    expect(status).toBe(201);
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    [
      'another authority',
      { REDIS_TLS_CA: path('stranger.pem') },
      /TLS \(SELF_SIGNED_CERT_IN_CHAIN\)/,
    ],
    ['no authority but those of Node.js', {}, /TLS \(SELF_SIGNED_CERT_IN_CHAIN\)/],
    [
      'another name',
      { ...CA, REDIS_TLS_SERVERNAME: 'other.example' },
      /TLS \(Host: other\.example\. is not in the cert's altnames/,
    ],
    [
      'a certificate of our own that is by another authority',
      { ...CA, REDIS_TLS_CERT: path('other.pem'), REDIS_TLS_KEY: path('other.key') },
      /TLS \(/,
    ],
    ['no TLS', { REDIS_TLS: 'false' }, /TLS \(Redis seems to want it\)/],
  ])('answers 503 with %s, and logs why', async (_, env, reason) => {
    const service = await launch({ REDIS_PORT, ...env });
    await eventually(
      async () => expect((await call(service, 'GET /healthz')).status).toBe(200),
      MAX_START_MS,
    );
    expectProblem(await call(service, 'GET /quotes'), 503, 'unavailable');
    expect((await call(service, 'GET /readyz')).status).toBe(503);
    await eventually(() => expect(service.output()).toMatch(reason));
  });
});

it('serves from a master behind a Sentinel', async () => {
  const master = await start('--tls-auth-clients', 'no');
  const port = await freePort();
  const tls = tlsArgs(port).join(' ').replaceAll(' --', '\n').replace('--', '');
  writeFileSync(
    path('sentinel.conf'),
    `${tls}\ntls-auth-clients no\ndir ${folder}\nsentinel monitor quotes 127.0.0.1 ${master} 1\n`,
  );
  sentinel = spawn(program.command, [path('sentinel.conf'), '--sentinel'], {
    env: program.env,
    stdio: 'ignore',
  });
  const env = { REDIS_SENTINELS: `127.0.0.1:${port}` };
  const service = await (await launch({ ...env, REDIS_TLS_CA: path('authority.pem') })).ready();
  expect((await call(service, 'GET /quotes')).status).toBe(200);

  const wrong = await launch({ ...env, REDIS_TLS_CA: path('stranger.pem') });
  await eventually(
    async () => expect((await call(wrong, 'GET /healthz')).status).toBe(200),
    MAX_START_MS,
  );
  expectProblem(await call(wrong, 'GET /quotes'), 503, 'unavailable');
});

it('serves from a cluster', async () => {
  const port = await start(
    ...[
      '--tls-auth-clients',
      'no',
      '--cluster-enabled',
      'yes',
      '--cluster-announce-ip',
      '127.0.0.1',
    ],
    ...['--cluster-port', String(await freePort())],
  );
  const client = new Redis(port, '127.0.0.1', { tls: { rejectUnauthorized: false } });
  await client.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383);
  await eventually(async () =>
    expect(await client.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'),
  );
  client.disconnect();
  const env = { REDIS_CLUSTER: `127.0.0.1:${port}` };
  const service = await (await launch({ ...env, REDIS_TLS_CA: path('authority.pem') })).ready();
  const { status } = await call(service, 'POST /quotes', { key: ADMIN_KEY, json: { quote: 'x' } });
  expect(status).toBe(201);

  const wrong = await launch({ ...env, REDIS_TLS_CA: path('stranger.pem') });
  await eventually(
    async () => expect((await call(wrong, 'GET /healthz')).status).toBe(200),
    MAX_START_MS,
  );
  expectProblem(await call(wrong, 'GET /quotes'), 503, 'unavailable');
});
