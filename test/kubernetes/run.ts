/**
 * `npm run test:kubernetes`: tests the overlays on a cluster of real nodes, to which `npm run
 * deploy` brings them. run.sh starts it, in the network of the cluster's clients.
 */
import { RealCluster } from './cluster.ts';
import { nodes, pods, rollouts } from './disturbances.ts';
import { documentation } from './documentation.ts';
import { edge } from './edge.ts';
import { isolation } from './isolation.ts';
import { monitoring } from './monitoring.ts';
import {
  admission,
  disruption,
  installs,
  permissions,
  quota,
  repetition,
  rollback,
} from './overlays.ts';
import { recovery } from './recovery.ts';
import { faults, redis } from './redis.drill.ts';
import { climb, scaling } from './scaling.ts';
import type { Test } from './test.ts';

const {
  TEST_CLUSTER: name = '',
  TEST_FOLDER: folder = '',
  TEST_TOOLS: tools = '',
  TEST_IMAGES: images = '',
} = process.env;
const started = Date.now();
/** Prints what holds, and the seconds since the start. */
const say = (line: string) =>
  process.stdout.write(`${line}   [${Math.round((Date.now() - started) / 1000)} s]\n`);

const tests: Record<string, Test> = {
  ...{
    installs,
    admission,
    permissions,
    edge,
    isolation,
    monitoring,
    scaling,
    disruption,
    rollouts,
    pods,
    nodes,
  },
  ...{ repetition, quota, rollback, recovery, redis, faults, documentation, climb },
};

/** The tests of a run. Those of one line run at the same time, since they mostly wait. */
const course = [
  ...['installs', 'scaling admission permissions edge monitoring isolation'],
  ...['rollouts', 'pods', 'recovery', 'redis'],
];
/** Tests that only `all` runs. */
const longer = [
  'repetition climb',
  'disruption',
  'nodes',
  'faults',
  'quota',
  'rollback',
  'documentation',
];

const [first, ...others] = process.argv.slice(2);
if (first === 'down') {
  RealCluster.remove(name, folder);
  process.exit();
}
const lines =
  first === undefined
    ? course
    : ({ all: [...course, ...longer], up: others }[first] ?? [first, ...others]);
const fresh = first === undefined || first === 'all' || first === 'up';
const cluster = fresh
  ? await RealCluster.start(name, tools, images, folder)
  : RealCluster.attach(folder);
if (fresh) {
  const [version] = (await cluster.kubectl(['version'])).match(/Server Version: .*/) ?? [];
  say(`ok   ${version}, ${cluster.nodes.length} nodes ready`);
}
const failed: string[] = [];
for (const line of lines) {
  await Promise.all(
    line.split(' ').map(async (title) => {
      const test = tests[title];
      if (!test) throw new Error(`no test ${title}; there are ${Object.keys(tests).join(', ')}`);
      try {
        await test(cluster, say);
      } catch (error) {
        // The other tests may still find something.
        failed.push(title);
        say(`FAIL ${title}`);
        console.error(error instanceof SuppressedError ? [error.suppressed, error.error] : error);
      }
    }),
  );
}
if (fresh && first !== 'up') RealCluster.remove(name, folder);
if (failed.length > 0) say(`FAIL ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
