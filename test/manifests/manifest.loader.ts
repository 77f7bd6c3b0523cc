import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1';
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2';
import type { CronJob, Job } from 'kubernetes-types/batch/v1';
import type {
  ConfigMap,
  Container,
  LimitRange,
  Namespace,
  PersistentVolumeClaim,
  PodTemplateSpec,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from 'kubernetes-types/core/v1';
import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1';
import type { Ingress, IngressClass, NetworkPolicy } from 'kubernetes-types/networking/v1';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1';
import type { ClusterRole, ClusterRoleBinding, RoleBinding } from 'kubernetes-types/rbac/v1';
import { parseAllDocuments } from 'yaml';
import { platformSecretFile, platformSecretKeys } from '#deploy/platform-secret.ts';
import { redisUsersOf, writeRedisAcls } from '#deploy/redis-secrets.ts';
import { stripeSecretFile } from '#deploy/stripe-secret.ts';

/** The kinds that the overlays may use; the checks know what to ask of each. */
export interface Kinds {
  ClusterRole: ClusterRole;
  ClusterRoleBinding: ClusterRoleBinding;
  ConfigMap: ConfigMap;
  CronJob: CronJob;
  Deployment: Deployment;
  HorizontalPodAutoscaler: HorizontalPodAutoscaler;
  Ingress: Ingress;
  IngressClass: IngressClass;
  Job: Job;
  LimitRange: LimitRange;
  Namespace: Namespace;
  NetworkPolicy: NetworkPolicy;
  PersistentVolumeClaim: PersistentVolumeClaim;
  PodDisruptionBudget: PodDisruptionBudget;
  ResourceQuota: ResourceQuota;
  RoleBinding: RoleBinding;
  Secret: Secret;
  Service: Service;
  ServiceAccount: ServiceAccount;
  StatefulSet: StatefulSet;
}

/** One rendered object. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/**
 * A workload, whatever its kind: what the checks need of Deployment, StatefulSet, CronJob and Job.
 */
export interface Workload {
  kind: 'Deployment' | 'StatefulSet' | 'CronJob' | 'Job';
  name: string;
  namespace: string;
  labels: Record<string, string>;
  template: PodTemplateSpec;
  selector: LabelSelector | undefined;
  /**
   * `spec.replicas`; undefined when an autoscaler owns it; 0 of a CronJob that is only started by
   * hand, when the services are stopped.
   */
  replicas: number | undefined;
}

/** The objects of one kind. */
export function ofKind<K extends keyof Kinds>(
  manifests: Manifest[],
  kind: K,
): (Kinds[K] & Manifest)[] {
  return manifests.filter((manifest) => manifest.kind === kind) as (Kinds[K] & Manifest)[];
}

/** `Kind namespace/name`, as findings name an object. */
export const nameOf = ({ kind, metadata }: Manifest) =>
  `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;

/** Whether labels satisfy a selector; an empty selector takes everything, a missing one nothing. */
export function selects(
  selector: LabelSelector | undefined,
  labels: Record<string, string> = {},
): boolean {
  if (!selector) return false;
  const exact = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => labels[key] === value,
  );
  const expressions = (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    if (operator === 'In') return values.includes(labels[key] ?? '');
    throw new Error(
      `selector operator ${operator} is not used here; teach the checks about it first`,
    );
  });
  return exact && expressions;
}

/** Every workload among the objects. */
export function workloads(manifests: Manifest[]): Workload[] {
  const workload = (
    kind: Workload['kind'],
    { metadata }: Manifest,
    template: PodTemplateSpec | undefined,
    selector?: LabelSelector,
    replicas?: number,
  ): Workload => ({
    kind,
    name: metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    labels: template?.metadata?.labels ?? {},
    template: template ?? {},
    selector,
    replicas,
  });
  return [
    ...ofKind(manifests, 'Deployment').map((d) =>
      workload('Deployment', d, d.spec?.template, d.spec?.selector, d.spec?.replicas),
    ),
    ...ofKind(manifests, 'StatefulSet').map((s) =>
      workload('StatefulSet', s, s.spec?.template, s.spec?.selector, s.spec?.replicas ?? 1),
    ),
    ...ofKind(manifests, 'CronJob').map((c) =>
      workload(
        'CronJob',
        c,
        c.spec?.jobTemplate.spec?.template,
        undefined,
        c.spec?.suspend ? 0 : 1,
      ),
    ),
    ...ofKind(manifests, 'Job').map((j) => workload('Job', j, j.spec?.template, undefined, 1)),
  ];
}

/** Init and main containers of a workload. */
export const containersOf = ({ template }: Workload): Container[] => [
  ...(template.spec?.initContainers ?? []),
  ...(template.spec?.containers ?? []),
];

/** Rendered overlays: their text, as `kubectl apply` would get it, and their objects. */
export type Rendered = Map<string, { text: string; manifests: Manifest[] }>;

/**
 * Renders every overlay, and every base for itself, from a copy of `deploy/` with throwaway
 * secrets, so that nobody's real ones are read.
 * @param command the command that renders the folder behind it
 * @throws when one of them does not render
 */
export function renderOverlays([program = '', ...args]: string[]): Rendered {
  const copy = mkdtempSync(join(tmpdir(), 'deploy-'));
  try {
    cpSync('deploy', copy, { recursive: true });
    const build = (folder: string) =>
      execFileSync(program, [...args, folder], { encoding: 'utf8' });
    const folders = (room: string) =>
      readdirSync(join(copy, room))
        .map((name) => join(copy, room, name))
        .filter((folder) => existsSync(join(folder, 'kustomization.yaml')));
    for (const base of folders('base')) build(base);
    return new Map(
      folders('overlays').map((folder) => {
        const secrets = platformSecretKeys(basename(folder)).map(
          (key) => `${key}=${randomUUID()}\n`,
        );
        writeFileSync(join(folder, platformSecretFile), secrets.join(''));
        writeFileSync(
          join(folder, stripeSecretFile),
          `STRIPE_PUBLISHABLE_KEY=\nSTRIPE_SECRET_KEY=\nSTRIPE_WEBHOOK_SECRET=${randomUUID()}\n`,
        );
        for (const user of redisUsersOf(folder)) {
          writeFileSync(
            join(folder, `redis-${user}.secret`),
            `USERNAME=${user}\nPASSWORD=${randomUUID()}\n`,
          );
        }
        if (redisUsersOf(folder).length > 0) writeRedisAcls(folder);
        const text = build(folder);
        const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
        return [basename(folder), { text, manifests }];
      }),
    );
  } finally {
    rmSync(copy, { recursive: true });
  }
}
