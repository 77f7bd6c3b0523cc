import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Autoscaler, type AutoscalerSettings } from './autoscaler.ts';
import type { Sample } from './plot.ts';

/** What the simulated cluster does. The local run and its spec take the defaults of Kubernetes. */
export interface Cluster {
  /** Time between two rounds of the autoscaler. */
  syncPeriodSeconds: number;
  /** Time over which CPU is averaged, and between two measurements. */
  metricsPeriodSeconds: number;
  /** Time from the decision to the first request that a new pod serves. */
  podStartSeconds: number;
  /** CPU request of a pod. */
  requestCores: number;
  /** CPU limit of a pod. */
  limitCores: number;
}

/** The course of the load, in seconds: it rises to the peak, in pages a second, stays and ends. */
export interface Load {
  start: number;
  ramp: number;
  plateau: number;
  rest: number;
  peak: number;
}

/** The autoscaler's settings from the manifests that the cluster gets. */
export function readSettings(): AutoscalerSettings {
  const { spec: base } = parse(readFileSync('deploy/base/http/autoscaler.yaml', 'utf8'));
  const { spec: shop } = parse(readFileSync('deploy/base/shop/autoscaler.patch.yaml', 'utf8'));
  return {
    minReplicas: shop.minReplicas,
    maxReplicas: shop.maxReplicas,
    targetUtilization: base.metrics[0].resource.target.averageUtilization / 100,
    scaleUp: base.behavior.scaleUp,
    scaleDown: base.behavior.scaleDown,
  };
}

/**
 * Plays the course of a load through the autoscaler, second by second.
 * @param cost CPU seconds per page, as measured
 */
export function simulate(
  settings: AutoscalerSettings,
  cluster: Cluster,
  load: Load,
  cost: number,
): Sample[] {
  const autoscaler = new Autoscaler(settings);
  const samples: Sample[] = [];
  const starting: { ready: number; count: number }[] = [];
  let replicas = settings.minReplicas;
  const used: number[] = [];
  let measured = 0;
  for (let at = 0; at <= load.start + load.ramp + load.plateau + load.rest; at += 1) {
    const waiting = starting
      .filter(({ ready }) => ready > at)
      .reduce((sum, { count }) => sum + count, 0);
    const serving = Math.max(1, replicas - waiting);
    const rate = loadAt(load, at);
    used.push(Math.min((rate * cost) / serving, cluster.limitCores) / cluster.requestCores);
    if (at % cluster.metricsPeriodSeconds === 0) {
      const window = used.slice(-cluster.metricsPeriodSeconds);
      measured = window.reduce((sum, share) => sum + share, 0) / window.length;
    }
    if (at % cluster.syncPeriodSeconds === 0) {
      const next = autoscaler.decide(at, replicas, measured);
      const ready = at + cluster.podStartSeconds;
      if (next > replicas) starting.push({ ready, count: next - replicas });
      replicas = next;
    }
    samples.push({ at, load: rate, replicas });
  }
  return samples;
}

function loadAt({ start, ramp, plateau, peak }: Load, at: number): number {
  if (at < start || at >= start + ramp + plateau) return 0;
  return peak * Math.min(1, (at - start) / ramp);
}
