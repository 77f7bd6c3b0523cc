import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type Sample, table } from '#deploy/loadtest/plot.ts';
import { readSettings, simulate } from '#deploy/loadtest/simulation.ts';
import { eventually } from '#libs/testing/eventually.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';
import { RUNS } from './test.ts';

const namespace = 'privrocket-preprod';
/** CPU seconds of a page. The load is derived from it, so that any number does. */
const cost = 0.001;
/** CPU request and limit of the shop. */
const pod = { requestCores: 0.1, limitCores: 0.2 };
/** Seconds of the load's course. The right number of pods must last for `hold`. */
const course = { idle: 15, ramp: 30, hold: 30 };

/**
 * Drives the shop's autoscaler with a load that rises, stays and stops. The controller is
 * Kubernetes' own and reads metrics-server, which reads the simulated kubelets. Outcomes are
 * asserted, seconds are reported.
 */
export async function proveAutoscaling(
  cluster: SimulatedCluster,
  say: (line: string) => void,
): Promise<void> {
  const settings = readSettings();
  // The first case demands more than the maximum, at the controller's default period; when tests
  // are repeated, the second demands less, at a shorter one.
  const cases = [
    { period: 15, demand: 60 },
    { period: 5, demand: 20 },
  ];
  for (const { period, demand } of cases.slice(0, RUNS)) {
    await cluster.startControllers(`${period}s`);
    const measured = [
      'wait',
      'hpa/privrocket-autoscaler',
      '--for=condition=ScalingActive',
      '--timeout=2m',
    ];
    await cluster.kubectl([...measured, '--namespace', namespace]);
    const peak = (demand * pod.requestCores * settings.targetUtilization) / cost;
    const bound = (pods: number) => Math.min(settings.maxReplicas, pods);
    // The controller accepts what is within a tenth of its target.
    const [least, most] = [bound(Math.ceil(demand / 1.1)), bound(Math.floor(demand / 0.9))];
    const { samples, reached, stopped } = await drive(
      cluster,
      peak,
      (pods) => pods >= least && pods <= most,
    );

    console.log(table(samples).replace(/^/gm, '     '));
    const replicas = samples.map(({ replicas }) => replicas);
    assert.ok(Math.max(...replicas) <= settings.maxReplicas);
    assert.ok(samples.filter(({ at }) => at < course.idle).every(({ replicas }) => replicas === 1));
    for (const [i, pods] of replicas.entries()) {
      const before = replicas[i - 1] ?? pods;
      assert.ok(pods <= Math.max(2 * before, before + 4), `${before} to ${pods} at once`);
      assert.ok(pods >= Math.floor(before / 2), `${before} to ${pods} at once`);
    }
    const { items: pods } = await cluster.get(
      'pods --selector app.kubernetes.io/name=shop',
      namespace,
    );
    assert.equal(
      pods.filter(
        ({ metadata }: { metadata: { deletionTimestamp?: string } }) => !metadata.deletionTimestamp,
      ).length,
      1,
    );
    // The controller writes its events after it has scaled.
    await eventually(async () => {
      const { items: events } = await cluster.get(
        'events --field-selector reason=SuccessfulRescale',
        namespace,
      );
      const messages: string[] = events.map(({ message }: { message: string }) => message);
      assert.ok(messages.some((message) => message.endsWith('above target')));
      assert.ok(
        messages.some((message) =>
          message.endsWith('New size: 1; reason: All metrics below target'),
        ),
        messages.join('\n'),
      );
      return true;
    });

    const load = {
      start: course.idle,
      ramp: course.ramp,
      plateau: stopped - course.idle - course.ramp,
      rest: 300,
      peak,
    };
    const predicted = simulate(
      settings,
      { syncPeriodSeconds: period, metricsPeriodSeconds: 15, podStartSeconds: 4, ...pod },
      load,
      cost,
    );
    const times = (course: Sample[]) => {
      const up = course.find(({ replicas }) => replicas > 1)?.at ?? Number.NaN;
      const down =
        course.find(({ at, replicas }) => at >= stopped && replicas === 1)?.at ?? Number.NaN;
      const upSeconds = up - load.start;
      const downSeconds = down - stopped;
      return (
        `first new pods ${upSeconds} s after the ramp begins, ` +
        `back to 1 ${downSeconds} s after the load ends`
      );
    };
    say(
      `ok   autoscaler every ${period} s, load for ${demand} pods: 1, ` +
        `${reached.replicas} after ${reached.at - load.start} s, ` +
        `at most ${Math.max(...replicas)}, 1 again; ` +
        `${times(samples)} (simulated: ${times(predicted)})`,
    );
  }
}

interface Course {
  samples: Sample[];
  /** When the number of pods was first what the load demands. */
  reached: Sample;
  /** Second at which the load ended. */
  stopped: number;
}

async function drive(
  cluster: SimulatedCluster,
  peak: number,
  right: (replicas: number) => boolean,
): Promise<Course> {
  const samples: Sample[] = [];
  const begin = Date.now();
  const seconds = () => (Date.now() - begin) / 1000;
  let using = Number.NaN;
  /** Shares the load among the pods that serve, and reads how many there should be. */
  const step = async (load: number): Promise<Sample> => {
    const { spec, status } = await cluster.get('deployment/privrocket-deployment', namespace);
    const each = Math.min(
      pod.limitCores,
      Math.max(0.001, (load * cost) / (status.readyReplicas ?? 1)),
    );
    if (each !== using) {
      await cluster.countUsage();
      await cluster.setUsage({ shop: each });
      using = each;
    }
    const sample = { at: Math.round(seconds()), load, replicas: spec.replicas };
    samples.push(sample);
    await delay(500);
    return sample;
  };
  while (seconds() < course.idle) await step(0);
  const full = course.idle + course.ramp;
  while (seconds() < full) await step((peak * (seconds() - course.idle)) / course.ramp);
  const late = () => assert.ok(seconds() < 600, `not within ten minutes:\n${table(samples)}`);
  let since: Sample | undefined;
  let reached: Sample | undefined;
  while (!since || seconds() < since.at + course.hold) {
    const sample = await step(peak);
    since = right(sample.replicas) ? (since ?? sample) : undefined;
    reached ??= since;
    late();
  }
  const stopped = Math.round(seconds());
  while ((await step(0)).replicas > 1) late();
  assert.ok(reached);
  return { samples, reached, stopped };
}
