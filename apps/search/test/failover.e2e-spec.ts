import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '#libs/testing/eventually.ts';
import { call } from '#libs/testing/http-client.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import {
  findRedisProgram,
  freePort,
  type RedisServer,
  startRedis,
} from '#libs/testing/redis-server.ts';
import { ServiceProcess } from '#libs/testing/service-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'failover-'));
const program = findRedisProgram();
let master: RedisServer;
let replica: RedisServer;
let sentinel: ChildProcess;
let search: ServiceProcess;

beforeAll(async () => {
  master = await startRedis(program, { port: 0, dir: join(folder, 'a') });
  const args = ['--replicaof', '127.0.0.1', String(master.port)];
  replica = await startRedis(program, { port: 0, dir: join(folder, 'b'), args });
  const port = await freePort();
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor quotes 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds quotes 500',
    'sentinel failover-timeout quotes 3000',
  ];
  writeFileSync(join(folder, 'sentinel.conf'), settings.join('\n'));
  sentinel = spawn(program.command, [join(folder, 'sentinel.conf'), '--sentinel'], {
    env: program.env,
    stdio: 'ignore',
  });
  const asked = new Redis(port, '127.0.0.1', { retryStrategy: () => 50 });
  asked.on('error', () => {});
  // Sentinel learns of the replica from the master.
  await eventually(
    async () => expect(await asked.call('SENTINEL', 'REPLICAS', 'quotes')).toHaveLength(1),
    30_000,
  );
  asked.disconnect();
  const env = { REDIS_SENTINELS: `127.0.0.1:${port}`, THROTTLE_LIMIT: '0', DRAIN_SECONDS: '0' };
  search = await (await ServiceProcess.start('search', env, join(folder, 'search.log'))).ready();
}, 60_000);

afterAll(async () => {
  await search?.end('SIGKILL');
  for (const child of [sentinel, replica?.process, master?.process]) child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const finds = (keyword: string, total: number) =>
  eventually(async () => {
    const { body } = await call(search, `GET /search?keyword=${keyword}`);
    expect(body.total).toBe(total);
  }, 20_000);

it('follows the new master, with all that this one knows and nothing else', async () => {
  const old = new Redis(master.port, '127.0.0.1');
  const before = new QuoteWriter(old);
  const [first = ''] = await before.add('sapajou', 'anacoluthe');
  expect(await old.wait(1, 5000)).toBe(1);
  // The replica is cut off and cannot come back: later writes will be lost with the master.
  replica.process.kill('SIGSTOP');
  await old.call('CLIENT', 'KILL', 'TYPE', 'replica');
  await before.add('fantome');
  await before.remove(first);
  await finds('fantome', 1);
  await finds('sapajou', 0);
  old.disconnect();

  master.process.kill('SIGKILL');
  replica.process.kill('SIGCONT');
  const after = new Redis(replica.port, '127.0.0.1', { retryStrategy: () => 50 });
  await eventually(async () => expect((await after.role())[0]).toBe('master'), 20_000);
  const writer = new QuoteWriter(after);
  await writer.add('zouave');

  await finds('zouave', 1);
  await finds('anacoluthe', 1);
  await finds('sapajou', 1);
  await finds('fantome', 0);
  await eventually(async () => {
    const { body } = await call(search, 'GET /metrics');
    expect(body).toMatch(/^search_index_documents 3$/m);
    expect(body).toMatch(/^search_index_resyncs_total [1-9]/m);
  });
  after.disconnect();
}, 90_000);
