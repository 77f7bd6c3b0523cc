/**
 * The rendered environments, run for real: `npm run check:containers` builds the images and drives the platform in containers held to the limits and
 * security contexts of the manifests.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { eventually } from '#libs/testing/eventually.ts';
import { Visitor } from '../../apps/shop/test/visitor.ts';
import { type Manifest, ofKind, renderOverlays } from './manifest.loader.ts';
import { PodRunner, type RunningPod } from './pod.runner.ts';

const tools = execFileSync('.ci/deploy/tools.sh', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
const rendered = renderOverlays(`${tools}/kustomize`);
const objects = (overlay: string) => rendered.get(overlay)?.manifests ?? [];
const started = Date.now();
const say = (line: string) => process.stdout.write(`${line}   [${Math.round((Date.now() - started) / 1000)} s]\n`);

/** Milliseconds for a new Redis master, several drawn elections included. */
const ELECTION_DEADLINE = 120_000;

/** Value of a key of the environment's Secret. */
const secretOf = (manifests: Manifest[], key: string) =>
  Buffer.from(ofKind(manifests, 'Secret')[0]?.data?.[key] ?? '', 'base64').toString();

/** Sends a request to a pod on its container port. */
async function send(pod: RunningPod, target: string, options: { key?: string; json?: unknown; client?: string } = {}) {
  const [method = '', path = ''] = target.split(' ');
  return await fetch(`http://${pod.ip}:5000${path}`, {
    method,
    headers: {
      ...(options.key && { authorization: options.key }),
      ...(options.json !== undefined && { 'content-type': 'application/json' }),
      // As Traefik says it; each test is a client of its own, so that they share no rate limit.
      'x-forwarded-for': options.client ?? '192.0.2.1',
    },
    body: options.json === undefined ? null : JSON.stringify(options.json),
    signal: AbortSignal.timeout(10_000),
  });
}

try {
  await qualification();
  await preprod();
  await production();
} catch (error) {
  console.error(error instanceof SuppressedError ? [error.suppressed, error.error] : error);
  process.exitCode = 1;
}

/** Asserts that containers run as the manifests say, and prints their limits. */
function confined(pods: PodRunner, containers: [pod: string, container: string][]): void {
  for (const [pod, container] of containers) {
    const { memoryMax, cpus, ...held } = pods.confinement(pod, container);
    assert.deepEqual(held, {
      uid: '10001',
      capabilities: '0000000000000000',
      noNewPrivileges: '1',
      seccomp: '2',
      readOnly: true,
    });
    say(
      `ok   ${container}: memory.max ${memoryMax / 2 ** 20} MiB, ${cpus} CPU, uid ${held.uid}, CapEff ${held.capabilities}, seccomp filter, read-only`,
    );
  }
}

async function qualification(): Promise<void> {
  const manifests = objects('qualification');
  const key = secretOf(manifests, 'ADMIN_KEY');
  await using pods = new PodRunner(manifests, {
    'redis-qualification': 10,
    'users-0': 20,
    'quotes-0': 30,
    'quotes-1': 31,
    'search-0': 40,
    seed: 50,
  });
  await pods.start('redis-qualification', 'redis-qualification');
  const seeded = await pods.job('seed', 'seed');
  assert.match(seeded, /^80 added, 0 already there/);
  assert.match(await pods.job('seed', 'seed'), /^0 added, 80 already there/);
  say(`ok   the seed Job adds the sample once, however often it runs: ${seeded.trim()}`);
  const [users, quotes, other, search] = await Promise.all([
    pods.start('users-deployment', 'users-0'),
    pods.start('quotes-deployment', 'quotes-0'),
    pods.start('quotes-deployment', 'quotes-1'),
    pods.start('search-deployment', 'search-0'),
  ]);
  confined(pods, [
    ['redis-qualification', 'redis'],
    ['users-0', 'users'],
    ['quotes-0', 'quotes'],
    ['search-0', 'search'],
  ]);

  const head = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  for (const pod of [users, quotes, search]) {
    assert.equal(((await (await send(pod, 'GET /version')).json()) as { commit: string }).commit, head);
  }
  say(`ok   the images say that they are commit ${head}`);

  assert.equal((await send(users, 'GET /users', { client: '192.0.2.2' })).status, 401);
  const tintin = { id: 'tintin', name: 'Tintin', password: 'milou' };
  assert.equal((await send(users, 'POST /users', { key, json: tintin })).status, 201);
  const basic = `Basic ${Buffer.from('tintin:milou').toString('base64')}`;
  const posted = await send(quotes, 'POST /quotes', { key: basic, json: { quote: 'Écraseur de prix, dit-il' } });
  assert.equal(posted.status, 201);
  const { id } = (await posted.json()) as { id: string };
  let asked = 0;
  await eventually(async () => {
    asked += 1;
    const found = await send(search, 'GET /search?keyword=ecraseur', { client: `198.51.100.${asked}` });
    return ((await found.json()) as { total: number }).total === 1;
  });
  say('ok   a user is created, signs a quote with Basic credentials, and search finds it without its accent');

  const statuses: number[] = [];
  for (let i = 0; i < 11; i += 1) {
    const target = i % 2 === 0 ? quotes : other;
    statuses.push((await send(target, `GET /quotes/${id}`, { client: '192.0.2.4' })).status);
  }
  assert.deepEqual(statuses, [...Array<number>(10).fill(200), 429]);
  assert.equal((await send(other, `GET /quotes/${id}`, { client: '192.0.2.5' })).status, 200);
  say('ok   the 11th request of one client over two replicas is 429; another client behind the same proxy is served');

  // Ten thousand requests as fast as 0.2 CPU serves them, each from a client of its own.
  let sent = 0;
  const load = async () => {
    while (sent < 10_000) {
      sent += 1;
      const client = `198.18.${sent >> 8}.${sent & 255}`;
      assert.equal((await send(quotes, `GET /quotes/${id}`, { client })).status, 200);
    }
  };
  const since = Date.now();
  await Promise.all(Array.from({ length: 50 }, load));
  const { peak, killed } = pods.memory('quotes-0', 'quotes');
  assert.equal(killed, false);
  say(
    `ok   quotes under load with the limiter on: ${Math.round((sent * 1000) / (Date.now() - since))} requests/s on 0.2 CPU, at most ${Math.round(peak / 2 ** 20)} of 128 MiB, page cache included`,
  );

  await pods.kill('redis-qualification');
  await eventually(async () => (await send(quotes, 'GET /readyz')).status === 503);
  assert.equal((await send(quotes, 'GET /healthz')).status, 200);
  await pods.start('redis-qualification', 'redis-qualification');
  await eventually(async () => (await send(quotes, 'GET /readyz')).status === 200);
  assert.equal((await send(quotes, `GET /quotes/${id}`, { client: '192.0.2.6' })).status, 200);
  say('ok   Redis killed and started on its volume: not ready but alive meanwhile, and the quote is still there');
}

async function preprod(): Promise<void> {
  const manifests = objects('privrocket-preprod');
  const key = secretOf(manifests, 'ADMIN_KEY');
  await using pods = new PodRunner(manifests, {
    'redis-preprod': 10,
    'quotes-service': 20,
    'search-service': 30,
    'shop-0': 40,
  });
  await pods.start('redis-preprod', 'redis-preprod');
  const [quotes, , shop] = await Promise.all([
    pods.start('quotes-deployment', 'quotes-service'),
    pods.start('search-deployment', 'search-service'),
    pods.start('privrocket-deployment', 'shop-0'),
  ]);
  confined(pods, [['shop-0', 'shop']]);

  const posted = await send(quotes, 'POST /quotes', { key, json: { quote: 'On a marché sur la Lune' } });
  const { id } = (await posted.json()) as { id: string };
  const visitor = new Visitor({ url: `http://${shop.ip}:5000` });
  await eventually(async () => (await visitor.get('/?q=lune')).body.includes(`/products/${id}`));
  const token = await visitor.order(id);
  await visitor.submit(`/demo-checkout/${token}`, `/demo-checkout/${token}`, { outcome: 'paid' });
  const order = await eventually(async () => {
    const { items } = (await (await send(shop, 'GET /orders', { key })).json()) as { items: { state: string }[] };
    return items[0]?.state === 'paid' && items[0];
  });
  assert.equal((await visitor.get(`/your-order/${token}`)).status, 200);
  say(`ok   a visitor finds a quote in the shop, buys a mug of it and pays in demo mode: the order is ${order.state}`);
}

async function production(): Promise<void> {
  const manifests = objects('production');
  const key = secretOf(manifests, 'ADMIN_KEY');
  const nodes = [0, 1, 2].map((ordinal) => `redis-production-${ordinal}`);
  const domain = 'redis-nodes-production';
  await using pods = new PodRunner(
    manifests,
    Object.fromEntries([
      // The longest name first: it is what `hostname -f` says in a cluster.
      ...nodes.flatMap((node, i) =>
        [`${node}.${domain}.production.svc.cluster.local`, `${node}.${domain}`, node].map((name) => [name, 10 + i]),
      ),
      // The Service leads to any ready node; here to the last.
      ['redis-production', 12],
      ['quotes-0', 20],
      ['backup', 30],
    ]),
  );
  const launch = async (node: string) => redis.set(node, await pods.launch('redis-production', node));
  const redis = new Map<string, RunningPod>();
  await Promise.all(nodes.map(launch));
  const ready = async (node: string) => {
    const pod = redis.get(node);
    if (pod) await pods.ready(pod);
  };
  const role = (node: string) => pods.exec(node, 'redis', ['redis-cli', 'role']).split('\n')[0];
  const master = () =>
    eventually(() => nodes.find((node) => redis.has(node) && role(node) === 'master') ?? false, ELECTION_DEADLINE);
  for (const node of nodes) await ready(node);
  assert.deepEqual(nodes.map(role), ['master', 'slave', 'slave']);
  say('ok   three Redis nodes and their Sentinels find each other from the rendered StatefulSet');

  const quotes = await pods.start('quotes-deployment', 'quotes-0');
  const acknowledged: string[] = [];
  let written = 0;
  /** Writes one quote; a failover refuses it, and what was acknowledged must be found later. */
  const write = async (): Promise<boolean> => {
    written += 1;
    const client = `198.51.${written >> 8}.${written & 255}`;
    const answer = await send(quotes, 'POST /quotes', { key, client, json: { quote: `Number ${written}` } });
    if (answer.status !== 201) return false;
    acknowledged.push(((await answer.json()) as { id: string }).id);
    return true;
  };
  /** How many of the acknowledged quotes are not there. */
  const lost = async (): Promise<number> => {
    let missing = 0;
    for (const [i, id] of acknowledged.entries()) {
      const { status } = await send(quotes, `GET /quotes/${id}`, { client: `203.0.${i >> 8}.${i & 255}` });
      if (status !== 200) missing += 1;
    }
    return missing;
  };
  for (let i = 0; i < 20; i += 1) assert.ok(await write());

  const killed = await master();
  const refused = Date.now();
  const writes = writeUntil(write).catch((error) => {
    const survivors = nodes.filter((node) => node !== killed);
    throw new Error(survivors.map((node) => pods.logs(node, 'sentinel')).join('\n'), { cause: error });
  });
  // Writes go on meanwhile: the failover may be over before podman is.
  await Promise.all([pods.kill(killed), writes]);
  const gap = Math.round((Date.now() - refused) / 100) / 10;
  await launch(killed);
  await ready(killed);
  assert.equal(role(killed), 'slave');
  assert.equal(await lost(), 0);
  say(
    `ok   master killed under writes: another takes over within ${gap} s, it comes back as a replica, ${acknowledged.length} acknowledged quotes are all there`,
  );

  const stopped = await master();
  const pod = redis.get(stopped);
  assert.ok(pod);
  pods.stop(pod);
  redis.delete(stopped);
  assert.notEqual(await master(), stopped);
  await eventually(write, ELECTION_DEADLINE);
  await launch(stopped);
  await ready(stopped);
  assert.equal(await lost(), 0);
  say('ok   master stopped as in a rolling update: it hands its role over before it ends, nothing is lost');

  const emptied = await master();
  await pods.kill(emptied);
  pods.wipe(emptied);
  await launch(emptied);
  await ready(emptied);
  assert.equal(role(emptied), 'slave');
  await eventually(write, ELECTION_DEADLINE);
  assert.equal(await lost(), 0);
  say('ok   master back with an empty disk: it waits for an election and copies from the new master, nothing is lost');

  say(`     ${(await pods.job('redis-backup-production', 'backup')).trim()}`);
  pods.exec(await master(), 'redis', ['redis-cli', 'flushall']);
  assert.notEqual(await lost(), 0);
  const restored = await pods.job('redis-backup-production', 'backup', ['sh', '/scripts/restore.sh']);
  say(restored.trim().replace(/^/gm, '     '));
  assert.equal(await lost(), 0);
  say('ok   the backup is taken, all data deleted, and the restore brings every quote back');
}

/** Goes on writing until a write was refused and a later one succeeded again. */
async function writeUntil(write: () => Promise<boolean>): Promise<void> {
  await eventually(async () => !(await write().catch(() => false)), 30_000);
  await eventually(async () => await write().catch(() => false), ELECTION_DEADLINE);
}
