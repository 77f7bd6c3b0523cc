import { type ChildProcess, spawn } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { parseConfig } from '#libs/config/config.ts';
import { certify } from '#libs/testing/certificates.ts';
import { eventually } from '#libs/testing/eventually.ts';
import {
  findRedisProgram,
  freePort,
  type RedisServer,
  startRedis,
} from '#libs/testing/redis-server.ts';
import { OPERATOR, redisPassword, writeUsers } from '#libs/testing/redis-users.ts';
import { RedisService } from './redis.service.ts';

const folder = mkdtempSync(join(tmpdir(), 'availability-'));
const program = findRedisProgram();
const users = writeUsers(folder);
const servers: RedisServer[] = [];
const children: ChildProcess[] = [];
const services: RedisService[] = [];
/** Lets a test reload the data of a node, which answers meanwhile. */
const DEBUG = ['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024'];
const LOGIN = { REDIS_USERNAME: 'quotes', REDIS_PASSWORD: redisPassword('quotes') };
const WRONG_LOGIN = { ...LOGIN, REDIS_PASSWORD: redisPassword('search') };

let port: number;
let operator: Redis;

async function start(args: string[], at = 0): Promise<RedisServer> {
  const server = await startRedis(program, {
    port: at,
    dir: mkdtempSync(join(folder, 'redis-')),
    args,
  });
  servers.push(server);
  return server;
}

/** Waits for an event; unlike Node's own `once`, it ignores errors that come before. */
const event = (client: EventEmitter, name: string) =>
  new Promise((done) => client.once(name, done));

/** Connects as a service would, and collects what it logs. */
function connect(env: NodeJS.ProcessEnv) {
  const all = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port), ...env };
  const redis = new RedisService(parseConfig('quotes', { adminKey: false }, all));
  services.push(redis);
  const lines: string[] = [];
  redis.availability.follow((line) => lines.push(line));
  /** Waits until the client has given up this many more connections. */
  const tries = async (count: number) => {
    for (let i = 0; i < count; i += 1) await event(redis.client, 'close');
  };
  return { redis, lines, tries };
}

beforeAll(async () => {
  ({ port } = await start([...users.redis, ...DEBUG]));
  operator = new Redis(port, '127.0.0.1', OPERATOR);
  certify(folder, 'authority', 'server', 'IP:127.0.0.1');
});
afterEach(() => {
  for (const service of services.splice(0)) service.onApplicationShutdown();
});
afterAll(() => {
  operator.disconnect();
  for (const child of [...children, ...servers.map((server) => server.process)])
    child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('says once, however often it is tried', () => {
  it.each<[string, NodeJS.ProcessEnv]>([
    ['refused', { REDIS_PORT: '1' }],
    ['unknown host', { REDIS_HOST: 'redis.invalid' }],
    ['WRONGPASS', WRONG_LOGIN],
    ['NOAUTH', {}],
    ['no answer by TLS', { ...LOGIN, REDIS_TLS: 'true' }],
  ])('%s', async (reason, env) => {
    const { lines, tries, redis } = connect(env);
    await tries(3);
    const { REDIS_HOST = '127.0.0.1', REDIS_PORT = port } = env;
    expect(lines).toEqual([`Redis at ${REDIS_HOST}:${REDIS_PORT} is away: ${reason}`]);
    expect(redis.availability.problem).toBe(lines[0]);
  });

  it('TLS, whatever is wrong with it', async () => {
    const at = await freePort();
    const tls = [
      '--tls-cert-file',
      join(folder, 'server.pem'),
      '--tls-key-file',
      join(folder, 'server.key'),
    ];
    await start(['--port', '0', '--tls-port', String(at), '--tls-auth-clients', 'no', ...tls], at);
    const away = `Redis at 127.0.0.1:${at} is away: TLS`;
    const stranger = connect({ REDIS_PORT: String(at), REDIS_TLS: 'true' });
    const plain = connect({ REDIS_PORT: String(at) });
    await Promise.all([stranger.tries(3), plain.tries(3)]);
    expect(stranger.lines).toEqual([`${away} (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`]);
    expect(plain.lines).toEqual([`${away} (Redis seems to want it)`]);
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ['refused', { REDIS_SENTINELS: '127.0.0.1:1,127.0.0.1:2' }],
    ['unknown host', { REDIS_SENTINELS: 'sentinel.invalid:26379' }],
    ['refused', { REDIS_CLUSTER: '127.0.0.1:1,127.0.0.1:2' }],
    ['unknown host', { REDIS_CLUSTER: 'redis.invalid:6379' }],
  ])('%s, of %j', async (reason, env) => {
    const { lines, tries } = connect(env);
    const addresses = (env.REDIS_SENTINELS ?? env.REDIS_CLUSTER ?? '').replaceAll(',', ', ');
    await eventually(() => lines.length > 0);
    await tries(3);
    expect(lines).toEqual([`Redis at ${addresses} is away: ${reason}`]);
  });

  it('WRONGPASS and NOAUTH, of a Sentinel', async () => {
    const at = await freePort();
    const file = join(folder, 'sentinel.conf');
    const watch = [
      `port ${at}`,
      `dir ${folder}`,
      `sentinel monitor quotes 127.0.0.1 ${port} 1`,
      ...users.sentinel,
    ];
    writeFileSync(file, watch.join('\n'));
    children.push(
      spawn(program.command, [file, '--sentinel'], { env: program.env, stdio: 'ignore' }),
    );
    const sentinel = { ...LOGIN, REDIS_SENTINELS: `127.0.0.1:${at}` };
    const right = connect({
      ...sentinel,
      ...{ REDIS_SENTINEL_USERNAME: 'quotes', REDIS_SENTINEL_PASSWORD: redisPassword('quotes') },
    });
    await event(right.redis.client, 'ready');

    const none = connect(sentinel);
    const wrong = connect({
      ...sentinel,
      REDIS_SENTINEL_USERNAME: 'quotes',
      REDIS_SENTINEL_PASSWORD: 'wrong',
    });
    await Promise.all([none.tries(3), wrong.tries(3)]);
    expect(none.lines).toEqual([`Redis at 127.0.0.1:${at} is away: NOAUTH`]);
    expect(wrong.lines).toEqual([`Redis at 127.0.0.1:${at} is away: WRONGPASS`]);
  });

  it('WRONGPASS, NOAUTH and CLUSTERDOWN, of a cluster', async () => {
    const args = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())];
    const { port: at } = await start([...users.redis, ...args]);
    const cluster = { REDIS_CLUSTER: `127.0.0.1:${at}` };
    for (const [reason, env] of [
      ['WRONGPASS', WRONG_LOGIN],
      ['NOAUTH', {}],
      // This node has no slots.
      ['CLUSTERDOWN', LOGIN],
    ] as const) {
      const { lines, tries } = connect({ ...cluster, ...env });
      await eventually(() => lines.length > 0);
      await tries(3);
      expect(lines).toEqual([`Redis at 127.0.0.1:${at} is away: ${reason}`]);
    }
  });
});

it('says LOADING until Redis has loaded its data', async () => {
  await Promise.all(
    Array.from({ length: 2000 }, (_, i) => operator.set(`key:${i}`, 'x'.repeat(100))),
  );
  // While it loads from a snapshot, Redis pauses more often to answer.
  await operator.bgrewriteaof();
  await eventually(async () =>
    (await operator.info('persistence')).includes('aof_rewrite_in_progress:0'),
  );
  await operator.config('SET', 'key-load-delay', '1000');
  // It answers after every kilobyte that it has loaded: by default it is silent for 2 MB.
  await operator.config('SET', 'loading-process-events-interval-bytes', '1024');
  const loading = operator.call('DEBUG', 'LOADAOF');
  const { lines, redis } = connect(LOGIN);
  await eventually(() => lines.length > 0);
  expect(lines).toEqual([`Redis at 127.0.0.1:${port} is away: LOADING`]);
  await operator.config('SET', 'key-load-delay', '0');
  await loading;
  await event(redis.client, 'ready');
  await eventually(() => lines.length > 1);
  expect(lines.slice(1)).toEqual([`Redis at 127.0.0.1:${port} is back`]);
});

it('says READONLY of a replica, whatever it answers to those who read', async () => {
  const { redis, lines } = connect(LOGIN);
  await event(redis.client, 'ready');
  const write = () => redis.write('write', (client) => client.rpush('throttle:x', '1'));
  const read = () => redis.read('read', (client) => client.get('{q0}:quote:1'));
  await operator.replicaof('127.0.0.1', 1);
  for (let i = 0; i < 3; i += 1) {
    await expect(write()).rejects.toThrow();
    await read();
  }
  expect(lines).toEqual([`Redis at 127.0.0.1:${port} refuses: READONLY`]);
  await operator.replicaof('NO', 'ONE');
  await write();
  expect(lines.slice(1)).toEqual([`Redis at 127.0.0.1:${port} is back`]);
  expect(redis.availability.problem).toBeUndefined();
});

it('says every change', async () => {
  const first = await start([]);
  const { lines, redis, tries } = connect({ REDIS_PORT: String(first.port) });
  await event(redis.client, 'ready');
  expect(lines).toEqual([]);
  await first.stop();
  await tries(3);
  const second = await start(['--requirepass', 'x'], first.port);
  await eventually(() => lines.length > 1);
  await second.stop();
  await eventually(() => lines.length > 2);
  await start([], first.port);
  await eventually(() => lines.length > 3);
  const redisIs = `Redis at 127.0.0.1:${first.port} is`;
  expect(lines).toEqual([
    ...[
      `${redisIs} away: refused`,
      `${redisIs} away: NOAUTH`,
      `${redisIs} away: refused`,
      `${redisIs} back`,
    ],
  ]);
});

it('says nothing of a connection that it ends itself', async () => {
  const { redis, lines } = connect(LOGIN);
  await event(redis.client, 'connect');
  redis.onApplicationShutdown();
  await event(redis.client, 'end');
  expect(lines).toEqual([]);
});
