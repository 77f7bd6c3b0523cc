/** The settings of a HorizontalPodAutoscaler that matter to the number of pods. */
export interface AutoscalerSettings {
  minReplicas: number;
  maxReplicas: number;
  /** Share of the CPU request that pods should use. */
  targetUtilization: number;
  scaleUp: ScalingRules;
  scaleDown: ScalingRules;
}

/** One direction of `behavior`; the policy that changes most counts (`selectPolicy: Max`). */
export interface ScalingRules {
  stabilizationWindowSeconds: number;
  policies: readonly { type: 'Percent' | 'Pods'; value: number; periodSeconds: number }[];
}

/** Ratios so close to 1 change nothing (the controller's default tolerance). */
const TOLERANCE = 0.1;

/**
 * The algorithm of the HorizontalPodAutoscaler, as the Kubernetes documentation publishes it
 * (Horizontal Pod Autoscaling, "Algorithm details" and "Configurable scaling behavior"): desired =
 * ceil(current x utilization / target), within the tolerance, the stabilization windows, the
 * policies and the bounds.
 */
export class Autoscaler {
  private readonly settings: AutoscalerSettings;
  private readonly recommendations: { at: number; replicas: number }[] = [];
  private readonly changes: { at: number; difference: number }[] = [];

  constructor(settings: AutoscalerSettings) {
    this.settings = settings;
  }

  /**
   * One round of the controller.
   * @param now seconds
   * @param utilization measured mean share of the CPU request
   * @returns how many replicas there should be
   */
  decide(now: number, current: number, utilization: number): number {
    const { minReplicas, maxReplicas, targetUtilization, scaleUp, scaleDown } = this.settings;
    const ratio = utilization / targetUtilization;
    const wanted = Math.abs(ratio - 1) <= TOLERANCE ? current : Math.ceil(current * ratio);
    const bounded = Math.min(maxReplicas, Math.max(minReplicas, wanted));
    this.recommendations.push({ at: now, replicas: bounded });
    const within = (seconds: number) =>
      this.recommendations
        .filter(({ at }) => at > now - seconds || at === now)
        .map(({ replicas }) => replicas);
    // The number may rise to the lowest recommendation of its window, and fall to the highest.
    const up = Math.min(...within(scaleUp.stabilizationWindowSeconds));
    const down = Math.max(...within(scaleDown.stabilizationWindowSeconds));
    const stable = current < up ? up : current > down ? down : current;
    const next =
      stable > current
        ? Math.min(stable, this.limit(now, current, scaleUp, 1))
        : Math.max(stable, this.limit(now, current, scaleDown, -1));
    if (next !== current) this.changes.push({ at: now, difference: next - current });
    return next;
  }

  /** The furthest that the policies let the number go in one direction. */
  private limit(now: number, current: number, rules: ScalingRules, direction: 1 | -1): number {
    const limits = rules.policies.map(({ type, value, periodSeconds }) => {
      const recent = this.changes
        .filter(
          ({ at, difference }) => at > now - periodSeconds && Math.sign(difference) === direction,
        )
        .reduce((sum, { difference }) => sum + difference, 0);
      const start = current - recent;
      if (type === 'Pods') return start + direction * value;
      return direction === 1
        ? Math.ceil(start * (1 + value / 100))
        : Math.floor(start * (1 - value / 100));
    });
    return direction === 1 ? Math.max(...limits) : Math.min(...limits);
  }
}
