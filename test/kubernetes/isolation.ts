import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from 'kubernetes-types/core/v1';
import { type Actor, reaches } from '#test/manifests/isolation.check.ts';
import type { Manifest } from '#test/manifests/manifest.loader.ts';
import type { RealCluster } from './cluster.ts';
import type { Test } from './test.ts';

/** A place that connects, or is connected to. */
interface Place extends Actor {
  ip: string;
  /** Path of its network namespace. */
  network: string;
}

/**
 * Runs in a network namespace: reads addresses, and tells of each whether it takes a connection.
 */
const probe = `
  const { connect } = require('node:net');
  const open = ([host, port]) => new Promise((done) => {
    const socket = connect({ host, port });
    const end = (answer) => { socket.destroy(); done(answer); };
    const fail = () => end(false);
    socket.setTimeout(3000, fail).once('connect', () => end(true)).once('error', fail);
  });
  let text = '';
  process.stdin.on('data', (chunk) => { text += chunk; });
  process.stdin.on('end', async () => {
    console.log(JSON.stringify(await Promise.all(JSON.parse(text).map(open))));
  });
`;

/** How often every way is tried: kube-router takes a moment to guard a pod that has just come. */
const MAX_PASSES = 3;

/** What trying every way once has shown. */
interface Pass {
  places: number;
  asked: number;
  open: number;
  flaws: number;
  wrong: string[];
}

/**
 * Tries every pair of pods, and a client outside, on every declared port, from the network of the
 * pod, and compares the outcome with what the policies of the cluster allow by test:manifests.
 */
export const isolation: Test = async (cluster, say) => {
  const { items } = (await cluster.get('networkpolicies --all-namespaces')) as {
    items: Manifest[];
  };
  const policies = items.map((item) => ({ ...item, kind: 'NetworkPolicy' }));
  let pass = await tryEveryWay(cluster, policies);
  let passes = 1;
  for (; pass.wrong.length > 0 && passes < MAX_PASSES; passes++) {
    console.error(`isolation: tried again because ${pass.wrong.join(', ')}`);
    pass = await tryEveryWay(cluster, policies);
  }
  const { places, asked, open, flaws, wrong } = pass;
  assert.deepEqual(wrong, [], 'ways that are not as the policies say');
  say(
    `ok   ${places} pods and a client outside: ${open} of ${asked} ways are open, ` +
      `each as computed but ${flaws} among pods of one workload, a fault of kube-router; ` +
      `none between production and qualification; pass ${passes}`,
  );
};

async function tryEveryWay(cluster: RealCluster, policies: Manifest[]): Promise<Pass> {
  const places = await placesOf(cluster);
  const tried: { from: Place; to: Place; port: Place['ports'][number]; isOpen: boolean }[] = [];
  const failed: { from: Place; error: unknown }[] = [];
  for (const from of places) {
    const ways = places
      .filter((to) => to !== from)
      .flatMap((to) => to.ports.map((port) => ({ from, to, port })));
    try {
      const answers = await tryAll(
        from,
        ways.map(({ to, port }) => [to.ip, port.port]),
      );
      tried.push(...ways.map((way, i) => ({ ...way, isOpen: answers[i] === true })));
    } catch (error) {
      failed.push({ from, error });
    }
  }
  // The autoscaler may have removed a pod meanwhile, whose address another one may have by now.
  const left = new Set((await placesOf(cluster)).map(({ id, ip }) => `${id} ${ip}`));
  const isLeft = ({ id, ip }: Place) => left.has(`${id} ${ip}`);
  for (const { from, error } of failed) if (isLeft(from)) throw error;
  const judged = tried.filter(({ from, to }) => isLeft(from) && isLeft(to));
  const pass: Pass = { places: left.size, asked: judged.length, open: 0, flaws: 0, wrong: [] };
  for (const { from, to, port, isOpen } of judged) {
    const isApart = [from.namespace, to.namespace].sort().join(' ') === 'production qualification';
    const expected = !isApart && reaches(policies, from, to, port);
    if (isOpen) pass.open += 1;
    // Where anybody may reach a pod, kube-router lets all pods of its policy reach it.
    if (isOpen && !expected && isDeepStrictEqual(from.labels, to.labels)) pass.flaws += 1;
    else if (isOpen !== expected) {
      pass.wrong.push(`${from.id} > ${to.id}:${port.port} is ${isOpen ? 'open' : 'shut'}`);
    }
  }
  return pass;
}

async function placesOf(cluster: RealCluster): Promise<Place[]> {
  const { items } = (await cluster.get('pods --all-namespaces')) as { items: Pod[] };
  const outside = {
    id: 'internet',
    labels: {},
    ports: [],
    ip: '203.0.113.10',
    network: `/run/netns/${cluster.name}-client`,
  };
  const places: Place[] = [outside];
  for (const pod of items) {
    const { metadata, spec, status } = pod;
    const { name = '', namespace = '', labels = {} } = metadata ?? {};
    if (status?.phase !== 'Running' || !status.podIP || metadata?.deletionTimestamp) continue;
    // A pod that is about to go has none any more.
    const process = await cluster.firstProcess(namespace, pod).catch(() => undefined);
    if (process === undefined) continue;
    const ports = (spec?.containers ?? [])
      .flatMap((container) => container.ports ?? [])
      .filter(({ protocol }) => protocol === undefined || protocol === 'TCP')
      .map((port) => ({ name: port.name, port: port.containerPort }));
    places.push({
      ...{ id: `${namespace}/${name}`, namespace, labels, ports, ip: status.podIP },
      network: `/proc/${process}/ns/net`,
    });
  }
  return places;
}

function tryAll(from: Place, ways: [string, number][]): Promise<boolean[]> {
  return new Promise((done, fail) => {
    const args = [`--net=${from.network}`, process.execPath, '--eval', probe];
    const running = execFile('nsenter', args, (error, stdout) =>
      error ? fail(error) : done(JSON.parse(stdout)),
    );
    running.stdin?.end(JSON.stringify(ways));
  });
}
