import assert from 'node:assert/strict';
import { join } from 'node:path';
import { proveAutoscaling } from './autoscaling.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import type { Test } from './test.ts';

/**
 * Tests the autoscaler on real metrics: `npm run loadtest -- ADDRESS` of docs/shop.md, shortened.
 */
export const scaling: Test = async (cluster, say) => {
  const { spec } = await cluster.get('service/privrocket-service', 'privrocket-preprod');
  const address = `http://${spec.clusterIP}:${spec.ports[0].port}`;
  const settings = `K6=${join(cluster.tools, 'k6')} PEAK=60 RAMP=20s PLATEAU=60s`;
  const printed = await cluster.shell(
    `${settings} node_modules/.bin/node deploy/loadtest/run.ts ${address}`,
  );
  const replicas = [...printed.matchAll(/^ *\d+ s +\d+\/s +(\d+) #/gm)].map(([, pods]) =>
    Number(pods),
  );
  const most = Math.max(...replicas);
  assert.ok(most > 1, printed);
  assert.equal(replicas.at(-1), 1, printed);
  say(
    `ok   k6 on the shop: the autoscaler goes from 1 pod to ${most} by real metrics and back to 1`,
  );
};

/** Tests the climb to dozens of pods, on simulated nodes, since this machine cannot run so many. */
export const climb: Test = async (cluster, say) => {
  await using simulated = await SimulatedCluster.launch(cluster.tools, cluster.path('simulated'));
  const rendered = await cluster.kubectl([
    'kustomize',
    join(cluster.checkout, 'deploy/overlays/privrocket-preprod'),
  ]);
  await simulated.kubectl(['apply', '--filename', '-'], rendered);
  await simulated.kubectl([
    ...[
      'wait',
      'deployment',
      '--all',
      '--for=condition=Available',
      '--namespace=privrocket-preprod',
      '--timeout=3m',
    ],
  ]);
  await proveAutoscaling(simulated, say);
};
