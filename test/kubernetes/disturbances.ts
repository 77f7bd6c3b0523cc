import assert from 'node:assert/strict';
import { eventually } from '#libs/testing/eventually.ts';
import type { RealCluster } from './cluster.ts';
import { Reader, Writer } from './load.ts';
import type { Test } from './test.ts';

const namespace = 'production';
const paths = ['/quotes?limit=1', '/search?keyword=number', '/quotes/random'];

/** Reads while something is done, and for a moment longer. */
async function readDuring(cluster: RealCluster, action: () => Promise<unknown>): Promise<Reader> {
  const environment = await cluster.environment(namespace);
  const headers = { authorization: environment.key };
  const { status, text } = await cluster.ask(environment, 'POST /quotes', {
    headers,
    json: { quote: 'A number to be found' },
  });
  assert.equal(status, 201, text);
  const reader = await new Reader(cluster, environment, paths).start();
  try {
    await action();
    await reader.more(40);
  } finally {
    await reader.stop();
  }
  return reader;
}

function noneFailed(reader: Reader, when: string): void {
  const failures = reader.failures();
  assert.equal(
    failures.length,
    0,
    `${when} ${failures.length} requests failed: ${JSON.stringify(failures.slice(0, 5))}`,
  );
}

const restart = async (cluster: RealCluster, workload: string, where = namespace) => {
  await cluster.kubectl(['rollout', 'restart', workload, '--namespace', where]);
  await cluster.kubectl(['rollout', 'status', workload, '--namespace', where, '--timeout=5m']);
};

/** Updates everything under load, which no client may notice. */
export const rollouts: Test = async (cluster, say) => {
  const updates: [string, () => Promise<void>][] = [
    ...['users', 'quotes', 'search'].map((service): [string, () => Promise<void>] => [
      service,
      () => restart(cluster, `deployment/${service}-deployment`),
    ]),
    ['Redis', () => restart(cluster, 'statefulset/redis-production')],
    ['Traefik', () => restart(cluster, 'deployment/traefik', 'traefik')],
  ];
  for (const [what, update] of updates) {
    const reader = await readDuring(cluster, update);
    noneFailed(reader, `while ${what} was updated`);
    say(
      `ok   update of ${what} under load: ${reader.log.length} requests, none failed, ` +
        `the slowest ${reader.longest()} ms`,
    );
  }
};

/** Kills and deletes pods, as happens on any cluster. */
export const pods: Test = async (cluster, say) => {
  const quotes = () => cluster.pods(namespace, 'app.kubernetes.io/name=quotes');
  const [first] = await quotes();
  const name = first?.metadata?.name ?? '';
  const restarts = async () =>
    (await quotes()).find((pod) => pod.metadata?.name === name)?.status?.containerStatuses?.[0]
      ?.restartCount ?? 0;
  const before = await restarts();
  const [container] = first?.spec?.containers ?? [];
  const killed = await readDuring(cluster, async () => {
    await cluster.kill(namespace, name, container?.name ?? '');
    await eventually(async () => (await restarts()) > before, 60_000, 500);
    await cluster.settled(namespace);
  });
  // The requests in the killed container are lost with it.
  assert.ok(
    killed.failures().length <= killed.log.length * 0.01,
    JSON.stringify(killed.failures()),
  );
  say(
    `ok   kill -9 of a service's container: started again; of ${killed.log.length} requests ` +
      `${killed.failures().length} failed, those under way in it`,
  );

  const deleted = await readDuring(cluster, async () => {
    await cluster.kubectl(['delete', 'pod', name, '--namespace', namespace]);
    await cluster.settled(namespace);
  });
  noneFailed(deleted, 'while a pod was deleted');
  say(`ok   a pod deleted: another takes its place, none of ${deleted.log.length} requests failed`);
};

/** Empties and crashes nodes, which then come back; what is on volumes stays. */
export const nodes: Test = async (cluster, say) => {
  const environment = await cluster.environment(namespace);
  const writer = await new Writer(cluster, environment, { rate: 5 }).start();
  await writer.more(20);
  await writer.stop();

  const [, second, third] = cluster.nodes;
  assert.ok(second && third);
  const drained = await readDuring(cluster, () =>
    cluster.kubectl([
      ...['drain', second.name, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=4m'],
    ]),
  );
  noneFailed(drained, 'while a node was drained');
  await cluster.kubectl(['uncordon', second.name]);
  await settleAll(cluster);
  say(`ok   a node drained: none of ${drained.log.length} requests failed`);

  const crashed = await readDuring(cluster, async () => {
    await third.crash();
    // The cluster takes so long to notice.
    await cluster.kubectl([
      'wait',
      `node/${third.name}`,
      '--for=condition=Ready=Unknown',
      '--timeout=3m',
    ]);
  });
  await third.restart();
  await settleAll(cluster);
  const reached = crashed.log.filter(({ status }) => status === 200).length;
  say(
    `ok   a node without power: of ${crashed.log.length} requests ${reached} were answered, ` +
      `the longest gap ${crashed.longest()} ms, whole again once it is back`,
  );

  assert.deepEqual(await writer.verify(), []);
  say(
    `ok   after drain, crash and reboot all ${writer.acknowledged.size} quotes are there: ` +
      'the volumes have survived',
  );
};

/** Waits until everything runs again. */
async function settleAll(cluster: RealCluster): Promise<void> {
  for (const where of ['kube-system', 'traefik', namespace, 'qualification'])
    await cluster.settled(where);
}
