/**
 * Redis with its Sentinels as production has it, run for real: `npm run check:failover` kills, stops and empties the master, and restores a backup, in
 * containers held to the limits of the manifests. Nightly, since how long an election takes depends on the machine.
 */
import assert from 'node:assert/strict';
import { eventually } from '#libs/testing/eventually.ts';
import { objects, run, say, secretOf, send } from './drill.ts';
import { PodRunner, type RunningPod } from './pod.runner.ts';

/** Milliseconds for a new Redis master, several drawn elections included. */
const ELECTION_DEADLINE = 120_000;

await run(failover);

async function failover(): Promise<void> {
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
  const role = (node: string) => pods.exec(node, 'redis', ['valkey-cli', '--user', 'node', 'role']).split('\n')[0];
  const master = () =>
    eventually(() => nodes.find((node) => redis.has(node) && role(node) === 'master') ?? false, ELECTION_DEADLINE);
  for (const node of nodes) await ready(node);
  // Sentinel asks the master for its replicas every 10 s; one that it has not heard of yet would be left behind by a failover.
  const view = (node: string) =>
    pods.exec(node, 'sentinel', ['valkey-cli', '--user', 'node', '-p', '26379', 'info', 'sentinel']);
  await eventually(() => nodes.every((node) => view(node).includes('slaves=2,sentinels=3')), 60_000, 1000);
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
  // Only the operator may.
  const login = `REDISCLI_AUTH=${secretOf(manifests, 'PASSWORD', 'redis-operator')}`;
  pods.exec(await master(), 'redis', ['env', login, 'valkey-cli', '--user', 'operator', '-e', 'flushall']);
  assert.notEqual(await lost(), 0);
  const restored = await pods.job('redis-restore-production', 'backup');
  say(restored.trim().replace(/^/gm, '     '));
  assert.equal(await lost(), 0);
  say('ok   the backup is taken, all data deleted, and the restore brings every quote back');
}

/** Goes on writing until a write was refused and a later one succeeded again. */
async function writeUntil(write: () => Promise<boolean>): Promise<void> {
  await eventually(async () => !(await write().catch(() => false)), 30_000);
  await eventually(async () => await write().catch(() => false), ELECTION_DEADLINE);
}
