/**
 * Two rendered environments, run for real: `npm run test:containers` builds the images and drives
 * the platform in containers held to the limits and security contexts of the manifests.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { eventually } from '#libs/testing/eventually.ts';
import { Visitor } from '#libs/testing/visitor.ts';
import { objects, run, say, secretOf, send } from './drill.ts';
import { PodRunner } from './pod.runner.ts';

await run(qualification, preprod);

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
    'search-service': 40,
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
    assert.equal(
      ((await (await send(pod, 'GET /version')).json()) as { commit: string }).commit,
      head,
    );
  }
  say(`ok   the images say that they are commit ${head}`);

  const look =
    'command -v npm npx yarn corepack; ls LICENSE sbom.cdx.json third-party-licences.txt';
  assert.equal(
    pods.exec('quotes-0', 'quotes', ['sh', '-c', look]),
    'LICENSE\nsbom.cdx.json\nthird-party-licences.txt\n',
  );
  say('ok   an image ships its licences and its bill of materials, and no package manager');

  assert.equal((await send(users, 'GET /users', { client: '192.0.2.2' })).status, 401);
  const tintin = { id: 'tintin', name: 'Tintin', password: 'milou-et-rastapopoulos' };
  assert.equal((await send(users, 'POST /users', { key, json: tintin })).status, 201);
  const basic = `Basic ${Buffer.from('tintin:milou-et-rastapopoulos').toString('base64')}`;
  const posted = await send(quotes, 'POST /quotes', {
    key: basic,
    json: { quote: 'Écraseur de prix, dit-il' },
  });
  assert.equal(posted.status, 201);
  const { id } = (await posted.json()) as { id: string };
  let asked = 0;
  await eventually(async () => {
    asked += 1;
    const found = await send(search, 'GET /search?keyword=ecraseur', {
      client: `198.51.100.${asked}`,
    });
    return ((await found.json()) as { total: number }).total === 1;
  });
  say(
    'ok   a user is created, signs a quote with Basic credentials, and search finds it ' +
      'without its accent',
  );

  const haddock = { quote: 'Tonnerre de Brest !', author: 'Archibald Haddock' };
  assert.equal((await send(quotes, 'POST /quotes', { key, json: haddock })).status, 201);
  await eventually(async () => {
    asked += 1;
    const found = await send(quotes, 'GET /quotes?author=archibald+haddock', {
      client: `198.51.100.${asked}`,
    });
    return ((await found.json()) as { total: number }).total === 1;
  });
  say('ok   quotes asks search which quotes are by an author, and search does not limit it');

  const statuses: number[] = [];
  for (let i = 0; i < 11; i += 1) {
    const target = i % 2 === 0 ? quotes : other;
    statuses.push((await send(target, `GET /quotes/${id}`, { client: '192.0.2.4' })).status);
  }
  assert.deepEqual(statuses, [...Array<number>(10).fill(200), 429]);
  assert.equal((await send(other, `GET /quotes/${id}`, { client: '192.0.2.5' })).status, 200);
  say(
    'ok   the 11th request of one client over two replicas is 429; another client behind the ' +
      'same proxy is served',
  );

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
  say(
    'ok   Redis killed and started on its volume: not ready but alive meanwhile, and the ' +
      'quote is still there',
  );
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

  const posted = await send(quotes, 'POST /quotes', {
    key,
    json: { quote: 'On a marché sur la Lune' },
  });
  assert.equal(posted.status, 201);
  const { id } = (await posted.json()) as { id: string };
  const visitor = new Visitor({ url: `http://${shop.ip}:5000` });
  await eventually(async () => (await visitor.get('/?q=lune')).body.includes(`/products/${id}`));
  const token = await visitor.order(id);
  const page = `/demo-checkout/${token}`;
  assert.equal((await visitor.submit(page, page, { outcome: 'paid' })).status, 303);
  const order = await eventually(async () => {
    const { items } = (await (await send(shop, 'GET /orders', { key })).json()) as {
      items: { state: string }[];
    };
    return items[0]?.state === 'paid' && items[0];
  });
  assert.equal((await visitor.get(`/your-order/${token}`)).status, 200);
  say(
    `ok   a visitor finds a quote in the shop, buys a mug of it and pays in demo mode: the order is ${order.state}`,
  );
}
