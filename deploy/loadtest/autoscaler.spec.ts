import { Autoscaler, type AutoscalerSettings } from './autoscaler.ts';

const SETTINGS: AutoscalerSettings = {
  minReplicas: 1,
  maxReplicas: 50,
  targetUtilization: 0.5,
  scaleUp: {
    stabilizationWindowSeconds: 0,
    policies: [
      { type: 'Percent', value: 100, periodSeconds: 5 },
      { type: 'Pods', value: 4, periodSeconds: 5 },
    ],
  },
  scaleDown: {
    stabilizationWindowSeconds: 5,
    policies: [{ type: 'Percent', value: 50, periodSeconds: 5 }],
  },
};

describe('the autoscaler', () => {
  it.each([
    // In the Kubernetes documentation, twice the target doubles, and half of it halves.
    ['doubles at twice the target', 10, 1, 20],
    ['halves at half the target', 10, 0.25, 5],
    ['rounds up', 10, 0.61, 13],
    ['leaves small differences alone', 10, 0.54, 10],
    ['leaves small differences below alone', 10, 0.46, 10],
    ['adds four pods where doubling would add fewer', 1, 10, 5],
    ['doubles where that adds more than four', 8, 10, 16],
    ['halves at most', 40, 0, 20],
    ['stays within the maximum', 40, 10, 50],
    ['stays within the minimum', 1, 0, 1],
  ])('%s', (_name, current, utilization, expected) => {
    expect(new Autoscaler(SETTINGS).decide(0, current, utilization)).toBe(expected);
  });

  it('counts what has changed within the period of a policy', () => {
    const autoscaler = new Autoscaler(SETTINGS);
    expect(autoscaler.decide(0, 10, 5)).toBe(20);
    expect(autoscaler.decide(3, 20, 5)).toBe(20);
    expect(autoscaler.decide(5, 20, 5)).toBe(40);
  });

  it('scales down only to the highest of the window', () => {
    const autoscaler = new Autoscaler({
      ...SETTINGS,
      scaleDown: { ...SETTINGS.scaleDown, stabilizationWindowSeconds: 60 },
    });
    expect(autoscaler.decide(0, 10, 0.5)).toBe(10);
    expect(autoscaler.decide(30, 10, 0.3)).toBe(10);
    expect(autoscaler.decide(61, 10, 0.3)).toBe(6);
  });
});
