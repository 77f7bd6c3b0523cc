/**
 * `npm run test:kubernetes`: the overlays on a cluster of real nodes, put there by `npm run deploy`. To be started by
 * run.sh, in the network of the cluster's clients.
 */
import { RealCluster } from './cluster.ts';
import { nodes, pods, rollouts } from './disturbances.ts';
import { documentation } from './documentation.ts';
import { edge } from './edge.ts';
import { isolation } from './isolation.ts';
import { monitoring } from './monitoring.ts';
import { admission, disruption, installs, permissions, quota, rollback } from './overlays.ts';
import { recovery } from './recovery.ts';
import { redisDrills } from './redis.drill.ts';
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
const say = (line: string) => process.stdout.write(`${line}   [${Math.round((Date.now() - started) / 1000)} s]\n`);

/** All tests, in the order in which they build on each other. */
const tests: Record<string, Test> = {
  ...{ installs, admission, permissions, edge, isolation, monitoring, scaling, disruption },
  ...{ rollouts, pods, nodes, quota, rollback, recovery, redis: redisDrills, documentation, climb },
};

const [first, ...others] = process.argv.slice(2);
if (first === 'down') {
  RealCluster.remove(name, folder);
  process.exit();
}
try {
  const fresh = first === undefined || first === 'up';
  const cluster = fresh ? await RealCluster.start(name, tools, images, folder) : RealCluster.attach(folder);
  if (fresh)
    say(
      `ok   ${(await cluster.kubectl(['version'])).match(/Server Version: .*/)?.[0]}, ${cluster.nodes.length} nodes ready`,
    );
  const chosen = first === undefined ? Object.keys(tests) : first === 'up' ? others : [first, ...others];
  for (const chosenName of chosen) {
    const test = tests[chosenName];
    if (!test) throw new Error(`no test ${chosenName}; there are ${Object.keys(tests).join(', ')}`);
    await test(cluster, say);
  }
  if (first === undefined) RealCluster.remove(name, folder);
} catch (error) {
  console.error(error instanceof SuppressedError ? [error.suppressed, error.error] : error);
  process.exitCode = 1;
}
