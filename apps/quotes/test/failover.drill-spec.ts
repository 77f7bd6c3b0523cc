import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RedisUser } from '#libs/redis-acl/redis.acl.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { call } from '#libs/testing/http-client.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import { QuoteWriters } from '#libs/testing/quote-writers.ts';
import { type RedisNode, ReplicatedRedis } from '#libs/testing/replicated-redis.ts';
import { ServiceProcess } from '#libs/testing/service-process.ts';

const redis = new ReplicatedRedis();
const logs = mkdtempSync(join(tmpdir(), 'failover-'));
const services: ServiceProcess[] = [];
let master: RedisNode;
let quotes: ServiceProcess;
let writers: QuoteWriters;

async function start(app: RedisUser, env = redis.env(app)): Promise<ServiceProcess> {
  const settings = { ...env, ADMIN_KEY, THROTTLE_LIMIT: '0', DRAIN_SECONDS: '0' };
  const service = await ServiceProcess.start(
    app,
    settings,
    join(logs, `${app}-${services.length}.log`),
  );
  services.push(service);
  return service.ready();
}

beforeAll(async () => {
  await redis.start();
  quotes = await start('quotes');
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.end('SIGKILL')));
  await redis.stop();
  rmSync(logs, { recursive: true, force: true });
});
beforeEach(async () => {
  master = await redis.whole();
  writers = new QuoteWriters(quotes, ADMIN_KEY);
  await writers.more(40);
});
afterEach(async () => {
  // A test that failed may have left servers stopped.
  for (const { server } of redis.nodes) server.process.kill('SIGCONT');
  await writers.stop();
  expect(writers.unexpected).toEqual([]);
  await redis.whole();
  expect(await writers.lost()).toEqual([]);
});

const roleOf = async ({ client }: RedisNode) => (await client.role())[0];

it('loses no acknowledged quote when the master is killed, and goes on with the next', async () => {
  await redis.kill(master);
  const successor = await redis.succeeded(master);
  await writers.more(40);
  await redis.restart(master, successor.port);
});

it('loses none when a killed master is back before anyone has replaced it', async () => {
  await redis.kill(master);
  await redis.restart(master);
  await writers.more(40);
});

it('loses none when a killed master is back while another is elected, and leaves it', async () => {
  await redis.kill(master);
  await redis.electing();
  await redis.restart(master);
  await redis.succeeded(master);
  await writers.more(40);
  // A Sentinel makes it a replica only after 8 s.
  expect(await roleOf(master)).toBe('master');
});

it('loses none when the master hangs, and goes on as one after it was replaced', async () => {
  master.server.process.kill('SIGSTOP');
  await redis.succeeded(master);
  await writers.more(40);
  master.server.process.kill('SIGCONT');
  await writers.more(40);
});

it('loses none in a hand-over, and leaves the old master before it is a replica', async () => {
  const search = await start('search');
  await redis.handOver(master);
  await writers.more(40);
  const json = { quote: 'bachibouzouk' };
  expect((await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json })).status).toBe(201);
  // A Sentinel makes the old master a replica only after 8 s; until then it would answer reads.
  expect(await roleOf(master)).toBe('master');
  await eventually(async () => {
    expect((await call(search, 'GET /search?keyword=bachibouzouk')).body.total).toBe(1);
  });
  expect(await roleOf(master)).toBe('master');
});

it('asks the replicas for many writes at once, so that none waits long for a timeout', async () => {
  await writers.stop();
  const replicas = redis.nodes.filter((node) => node !== master);
  for (const { server } of replicas) server.process.kill('SIGSTOP');
  const questions = async () =>
    Number(/^cmdstat_wait:calls=(\d+)/m.exec(await master.client.info('commandstats'))?.[1] ?? 0);
  const before = await questions();
  const json = { quote: 'x' };
  const writes = Array.from({ length: 20 }, () =>
    call(quotes, 'POST /quotes', { key: ADMIN_KEY, json }),
  );
  const reads = Array.from({ length: 5 }, () => call(quotes, 'GET /quotes'));
  expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(writes.map(() => 503));
  expect((await Promise.all(reads)).map(({ status }) => status)).toEqual(reads.map(() => 200));
  expect((await questions()) - before).toBeLessThan(writes.length / 2);
  for (const { server } of replicas) server.process.kill('SIGCONT');
});

it('needs no answer of a Sentinel that hangs, though it is asked first', async () => {
  const [first] = redis.sentinels;
  first?.process.kill('SIGSTOP');
  await redis.kill(master);
  const successor = await redis.succeeded(master);
  await writers.more(40);
  const late = await start('quotes');
  expect((await call(late, 'POST /quotes', { key: ADMIN_KEY, json: { quote: 'x' } })).status).toBe(
    201,
  );
  await redis.restart(master, successor.port);
  // A Sentinel that went on would distrust its clock for 30 s.
  if (first) await redis.restartSentinel(first);
});

it('fails no read in a hand-over, though a Sentinel hangs', async () => {
  const [hanging] = redis.sentinels;
  hanging?.process.kill('SIGSTOP');
  const answers = new Map<number, number>();
  const ended = new AbortController();
  const read = async () => {
    while (!ended.signal.aborted) {
      const { status } = await call(quotes, 'GET /quotes?limit=1');
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  };
  const readers = Array.from({ length: 4 }, read);
  await redis.handOver(master);
  await writers.more(40);
  ended.abort();
  await Promise.all(readers);
  expect([...answers.keys()]).toEqual([200]);
  // A Sentinel that went on would distrust its clock for 30 s.
  if (hanging) await redis.restartSentinel(hanging);
});

it('does not believe a Sentinel that was cut off before the last failover', async () => {
  await redis.handOver(master);
  const outdated = await redis.startOutdated();
  const misled = await start('quotes', {
    ...redis.env('quotes'),
    REDIS_SENTINELS: `127.0.0.1:${outdated},${redis.env('quotes').REDIS_SENTINELS}`,
  });
  const { status, body } = await call(misled, 'POST /quotes', {
    key: ADMIN_KEY,
    json: { quote: 'x' },
  });
  expect(status).toBe(201);
  expect((await call(quotes, `GET /quotes/${body.id}`)).status).toBe(200);
});
