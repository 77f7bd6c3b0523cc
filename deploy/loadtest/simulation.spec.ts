import { type Load, readSettings, simulate } from './simulation.ts';

const CLUSTER = {
  syncPeriodSeconds: 15,
  metricsPeriodSeconds: 15,
  podStartSeconds: 4,
  requestCores: 0.1,
  limitCores: 0.2,
};
const LOAD: Load = { start: 30, ramp: 30, plateau: 60, rest: 120, peak: 1000 };

describe('the autoscaler of the manifests, simulated', () => {
  const samples = simulate(readSettings(), CLUSTER, LOAD, 0.001);

  it('has scaled up 15 seconds after the ramp has begun, and reaches what the load needs', () => {
    expect(samples.find(({ replicas }) => replicas > 1)?.at).toBeLessThanOrEqual(LOAD.start + 15);
    // 1000 pages a second of 1 ms use one core: twenty pods at half of a tenth of a core.
    const most = Math.max(...samples.map(({ replicas }) => replicas));
    expect(most).toBeGreaterThanOrEqual(18);
    expect(most).toBeLessThanOrEqual(50);
  });

  it('is back at one pod after the peak', () => {
    expect(samples.at(-1)?.replicas).toBe(1);
  });

  it('stays at one pod without load', () => {
    expect(
      simulate(readSettings(), CLUSTER, { ...LOAD, peak: 0 }, 0.001).every(
        ({ replicas }) => replicas === 1,
      ),
    ).toBe(true);
  });
});
