import {
  containersOf,
  type Manifest,
  ofKind,
  type Workload,
  workloads,
} from './manifest.loader.ts';

const resources = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'] as const;
type Resource = (typeof resources)[number];
type Amounts = Record<Resource, number>;

const units: Record<string, number> = { m: 0.001, '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** A Kubernetes quantity in cores or bytes. */
export function quantity(text: string | undefined): number {
  const [, digits, unit = ''] = /^([\d.]+)(m|Ki|Mi|Gi)?$/.exec(text ?? '') ?? [];
  const factor = units[unit];
  if (digits === undefined || factor === undefined) throw new Error(`not a quantity: ${text}`);
  return Number(digits) * factor;
}

const amounts = (of: (resource: Resource) => number): Amounts => ({
  'requests.cpu': of('requests.cpu'),
  'requests.memory': of('requests.memory'),
  'limits.cpu': of('limits.cpu'),
  'limits.memory': of('limits.memory'),
});

/**
 * What one pod counts for: the sum of its containers, or its largest init container when that is
 * more.
 */
function podAmounts({ template }: Workload): Amounts {
  const ask = (container: ReturnType<typeof containersOf>[number], resource: Resource) => {
    const [side, what] = resource.split('.') as ['requests' | 'limits', 'cpu' | 'memory'];
    return quantity(container.resources?.[side]?.[what]);
  };
  return amounts((resource) =>
    Math.max(
      (template.spec?.containers ?? []).reduce(
        (sum, container) => sum + ask(container, resource),
        0,
      ),
      ...(template.spec?.initContainers ?? []).map((container) => ask(container, resource)),
    ),
  );
}

/** One line of the quota table. */
export interface QuotaRow {
  namespace: string;
  resource: Resource;
  most: number;
  hard: number;
}

/**
 * Adds up every namespace with a ResourceQuota at its worst instant: all autoscalers at their
 * maximum, every Deployment in the middle of a rollout, the backup and the seed running.
 * @returns the table, and sentences on what does not fit, on maxima that are not the largest that
 *   fit, and on containers beyond the LimitRange
 */
export function checkQuota(manifests: Manifest[]): { rows: QuotaRow[]; findings: string[] } {
  const rows: QuotaRow[] = [];
  const findings: string[] = [];
  const largest: number[] = [];
  const maxima = new Set<number>();
  for (const quota of ofKind(manifests, 'ResourceQuota')) {
    const { namespace = '' } = quota.metadata;
    const here = manifests.filter(({ metadata }) => metadata.namespace === namespace);
    const autoscalers = new Map(
      ofKind(here, 'HorizontalPodAutoscaler').map(({ spec }) => [
        spec?.scaleTargetRef.name,
        spec?.maxReplicas ?? 0,
      ]),
    );
    const surge = ({ kind, name }: Workload) =>
      kind === 'Deployment'
        ? Number(
            ofKind(here, 'Deployment').find(({ metadata }) => metadata.name === name)?.spec
              ?.strategy?.rollingUpdate?.maxSurge,
          )
        : 0;
    const sum = (pods: (workload: Workload) => number) =>
      amounts((resource) =>
        workloads(here).reduce(
          (total, workload) => total + pods(workload) * podAmounts(workload)[resource],
          0,
        ),
      );
    const most = sum(
      (workload) => (autoscalers.get(workload.name) ?? workload.replicas ?? 1) + surge(workload),
    );
    for (const resource of resources) {
      const hard = quantity(quota.spec?.hard?.[resource]);
      rows.push({ namespace, resource, most: most[resource], hard });
      if (most[resource] > hard)
        findings.push(`${namespace}: ${resource} needs ${most[resource]} of ${hard}`);
    }
    if (autoscalers.size > 0) {
      for (const maximum of autoscalers.values()) maxima.add(maximum);
      const fixed = sum((workload) =>
        autoscalers.has(workload.name)
          ? surge(workload)
          : (workload.replicas ?? 1) + surge(workload),
      );
      const step = sum((workload) => (autoscalers.has(workload.name) ? 1 : 0));
      largest.push(
        ...resources.map((resource) =>
          // The sum is rounded, because fractions such as 0.1 do not add up exactly.
          Math.floor(
            Number(
              ((quantity(quota.spec?.hard?.[resource]) - fixed[resource]) / step[resource]).toFixed(
                6,
              ),
            ),
          ),
        ),
      );
    }
    findings.push(...beyondLimitRange(here));
  }
  const n = Math.min(...largest);
  for (const maximum of maxima) {
    if (maximum !== n)
      findings.push(`maxReplicas is ${maximum}; the largest that fits every environment is ${n}`);
  }
  return { rows, findings };
}

function beyondLimitRange(here: Manifest[]): string[] {
  const ranges = ofKind(here, 'LimitRange').flatMap(({ spec }) => spec?.limits ?? []);
  if (ranges.length === 0) return [`${here[0]?.metadata.namespace}: a quota without a LimitRange`];
  return workloads(here).flatMap((workload) =>
    containersOf(workload)
      .filter(({ resources: asked }) =>
        ranges.some(({ max }) =>
          (['cpu', 'memory'] as const).some(
            (what) => quantity(asked?.limits?.[what]) > quantity(max?.[what]),
          ),
        ),
      )
      .map(
        ({ name }) =>
          `${workload.kind} ${workload.name}: ${name} asks for more than the LimitRange allows`,
      ),
  );
}

/** The quota table as text. */
export function quotaTable(rows: QuotaRow[]): string {
  const amount = (resource: Resource, value: number) =>
    resource.endsWith('cpu') ? `${Math.round(value * 1000)}m` : `${Math.round(value / 2 ** 20)}Mi`;
  return rows
    .map(
      ({ namespace, resource, most, hard }) =>
        `${namespace.padEnd(14)} ${resource.padEnd(16)} ${amount(resource, most).padStart(7)} of ${amount(resource, hard).padStart(7)}  ${Math.round((100 * most) / hard)} %`,
    )
    .join('\n');
}
