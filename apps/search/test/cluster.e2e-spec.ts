import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '#libs/testing/eventually.ts';
import { basic, call } from '#libs/testing/http-client.ts';
import { secret } from '#libs/testing/secrets.ts';
import { ServiceProcess } from '#libs/testing/service-process.ts';
import { findRedisProgram, type RedisServer, startRedis } from '../../../deploy/local/redis-server.ts';

const ADMIN_KEY = secret('admin-key');
const SLOTS = 16_384;
/** More shards than nodes, so that some node holds several. */
const SHARDS = 4;

const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
const nodes: { server: RedisServer; client: Redis }[] = [];
const services: ServiceProcess[] = [];
let users: ServiceProcess;
let quotes: ServiceProcess;
let search: ServiceProcess;

beforeAll(async () => {
  for (const name of ['a', 'b', 'c']) {
    const server = await startRedis(findRedisProgram(), {
      port: 0,
      dir: join(folder, name),
      args: ['--cluster-enabled', 'yes'],
    });
    nodes.push({ server, client: new Redis(server.port, '127.0.0.1') });
  }
  for (const [i, { client }] of nodes.entries()) {
    const share = (n: number) => Math.floor((n * SLOTS) / nodes.length);
    await client.call('CLUSTER', 'ADDSLOTSRANGE', share(i), share(i + 1) - 1);
    await client.call('CLUSTER', 'MEET', '127.0.0.1', nodes[0]?.server.port ?? 0);
  }
  for (const { client } of nodes) {
    await eventually(async () => expect(await client.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'), 30_000);
  }
  const env = {
    REDIS_CLUSTER: nodes.map(({ server }) => `127.0.0.1:${server.port}`).join(','),
    REDIS_SHARDS: String(SHARDS),
    ADMIN_KEY,
    DRAIN_SECONDS: '0',
    THROTTLE_LIMIT: '0',
  };
  for (const app of ['users', 'quotes', 'search']) {
    services.push(await ServiceProcess.start(app, env, join(folder, `${app}.log`)));
  }
  [users, quotes, search] = (await Promise.all(services.map((service) => service.ready()))) as [
    ServiceProcess,
    ServiceProcess,
    ServiceProcess,
  ];
}, 90_000);

afterAll(async () => {
  await Promise.all(services.map((service) => service.end('SIGKILL')));
  for (const { server, client } of nodes) {
    client.disconnect();
    server.process.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
});

const finds = (query: string, total: number) =>
  eventually(async () => {
    const { body } = await call(search, `GET /search?${query}`);
    expect(body.total).toBe(total);
    return body;
  });

it('stores, lists, finds and deletes quotes of all shards', async () => {
  await call(users, 'POST /users', { key: ADMIN_KEY, json: { id: 'tintin', name: 'T', password: secret('tintin') } });
  const ids: string[] = [];
  for (let i = 0; i < 40; i++) {
    const { status, body } = await call(quotes, 'POST /quotes', {
      key: basic('tintin', secret('tintin')),
      json: { quote: `tonnerre de Brest ${i}` },
    });
    expect(status).toBe(201);
    ids.push(body.id);
  }
  expect(new Set(ids.map((id) => Number(id) % SHARDS)).size).toBe(SHARDS);

  const { items } = await finds('keyword=tonnerre&limit=100', 40);
  expect(items.map((item: { id: string }) => item.id).sort()).toEqual(ids.toSorted());
  await finds('keyword=tonnerre&user_id=tintin', 40);
  const { body: list } = await call(quotes, 'GET /quotes?limit=100');
  expect(list.items.map((item: { id: string }) => item.id)).toEqual(ids.toSorted((a, b) => Number(b) - Number(a)));

  for (const id of ids.slice(0, 10)) await call(quotes, `DELETE /quotes/${id}`, { key: ADMIN_KEY });
  await finds('keyword=tonnerre', 30);
  await call(users, 'DELETE /users/tintin', { key: ADMIN_KEY });
  await finds('keyword=tonnerre&user_id=tintin', 0);
  await finds('keyword=tonnerre', 30);
});

it('fills a new replica from all shards', async () => {
  const env = {
    REDIS_CLUSTER: `127.0.0.1:${nodes[1]?.server.port}`,
    REDIS_SHARDS: String(SHARDS),
    THROTTLE_LIMIT: '0',
  };
  const other = await ServiceProcess.start('search', env, join(folder, 'other.log'));
  services.push(other);
  await other.ready();
  const { body } = await call(other, 'GET /search?keyword=tonnerre');
  expect(body.total).toBe(30);
});
