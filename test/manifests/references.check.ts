import type { Container } from 'kubernetes-types/core/v1';
import {
  containersOf,
  type Manifest,
  nameOf,
  ofKind,
  selects,
  type Workload,
  workloads,
} from './manifest.loader.ts';

/** Every reference from one object to another that does not hold, as sentences. */
export function checkReferences(manifests: Manifest[]): string[] {
  const all = workloads(manifests);
  return [
    ...duplicateNames(manifests),
    ...all.flatMap((workload) => podReferences(workload, manifests)),
    ...services(manifests, all),
    ...autoscalers(manifests, all),
    ...disruptionBudgets(manifests, all),
    ...ingresses(manifests),
    ...roleBindings(manifests),
  ];
}

function duplicateNames(manifests: Manifest[]): string[] {
  const names = manifests.map(nameOf);
  return names
    .filter((name, i) => names.indexOf(name) !== i)
    .map((name) => `${name}: rendered twice`);
}

function podReferences(workload: Workload, manifests: Manifest[]): string[] {
  const here = manifests.filter(({ metadata }) => metadata.namespace === workload.namespace);
  const { template, selector, labels } = workload;
  const problems = [
    ...(selector && !selects(selector, labels) ? ['selector does not take its own pods'] : []),
    ...(template.spec?.topologySpreadConstraints ?? [])
      .filter((constraint) => !selects(constraint.labelSelector, labels))
      .map(() => 'spreads pods that are not its own'),
    ...missingObjects(workload, here),
    ...missingKeys(workload, here),
    ...containersOf(workload).flatMap((container) => missingInPod(container, workload, here)),
  ];
  return problems.map(
    (problem) => `${workload.kind} ${workload.namespace}/${workload.name}: ${problem}`,
  );
}

function missingObjects(workload: Workload, here: Manifest[]): string[] {
  const { spec } = workload.template;
  const sources = containersOf(workload).flatMap(({ envFrom }) => envFrom ?? []);
  const wanted = [
    ['ServiceAccount', spec?.serviceAccountName],
    ...sources.map(({ configMapRef }) => ['ConfigMap', configMapRef?.name]),
    ...sources.map(({ secretRef }) => ['Secret', secretRef?.name]),
    ...(spec?.volumes ?? []).flatMap(({ configMap, secret, persistentVolumeClaim }) => [
      ['ConfigMap', configMap?.name],
      ['Secret', secret?.secretName],
      ['PersistentVolumeClaim', persistentVolumeClaim?.claimName],
    ]),
  ];
  return wanted
    .filter(
      ([kind, name]) => name && !here.some((m) => m.kind === kind && m.metadata.name === name),
    )
    .map(([kind, name]) => `no ${kind} ${name}`);
}

function missingKeys(workload: Workload, here: Manifest[]): string[] {
  const sources = containersOf(workload)
    .flatMap(({ env }) => env ?? [])
    .map(({ valueFrom }) => valueFrom ?? {});
  const missing = (
    kind: 'ConfigMap' | 'Secret',
    { name, key, optional }: { name?: string; key: string; optional?: boolean },
  ) =>
    optional ||
    ofKind(here, kind).some(({ metadata, data }) => metadata.name === name && data && key in data)
      ? []
      : [`no key ${key} in ${kind} ${name}`];
  return sources.flatMap(({ secretKeyRef, configMapKeyRef }) => [
    ...(secretKeyRef ? missing('Secret', secretKeyRef) : []),
    ...(configMapKeyRef ? missing('ConfigMap', configMapKeyRef) : []),
  ]);
}

function missingInPod(
  container: Container,
  { name, template }: Workload,
  here: Manifest[],
): string[] {
  const set = ofKind(here, 'StatefulSet').find(({ metadata }) => metadata.name === name);
  const volumes = [
    ...(template.spec?.volumes ?? []).map((volume) => volume.name),
    ...(set?.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name),
  ];
  const probed = [
    container.startupProbe,
    container.readinessProbe,
    container.livenessProbe,
  ].flatMap((probe) => probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? []);
  return [
    ...(container.volumeMounts ?? [])
      .filter((mount) => !volumes.includes(mount.name))
      .map((mount) => `no volume ${mount.name}`),
    ...probed
      .filter((port) => !container.ports?.some((open) => open.name === port))
      .map((port) => `probes port ${port}, which ${container.name} lacks`),
  ];
}

/** The workloads of a namespace that a Service's selector takes. */
const behind = (service: Manifest, selector: Record<string, string> | undefined, all: Workload[]) =>
  all.filter(
    ({ namespace, labels }) =>
      selector !== undefined &&
      namespace === service.metadata.namespace &&
      selects({ matchLabels: selector }, labels),
  );

function services(manifests: Manifest[], all: Workload[]): string[] {
  const headless = ofKind(manifests, 'Service').filter(({ spec }) => spec?.clusterIP === 'None');
  const governed = ofKind(manifests, 'StatefulSet').flatMap((set) =>
    headless.some(
      ({ metadata }) =>
        metadata.name === set.spec?.serviceName && metadata.namespace === set.metadata.namespace,
    )
      ? []
      : [`${nameOf(set)}: no headless Service ${set.spec?.serviceName}`],
  );
  const selected = ofKind(manifests, 'Service').flatMap((service) => {
    const targets = behind(service, service.spec?.selector, all);
    if (targets.length !== 1)
      return [`${nameOf(service)}: selects ${targets.length} workloads, not one`];
    const ports = targets.flatMap(containersOf).flatMap((container) => container.ports ?? []);
    return (service.spec?.ports ?? [])
      .filter(({ targetPort }) => !ports.some(({ name }) => name === targetPort))
      .map(({ targetPort }) => `${nameOf(service)}: no container port named ${targetPort}`);
  });
  return [...governed, ...selected];
}

/** The autoscaler of a workload. */
const autoscalerOf = (
  { name, namespace }: Pick<Workload, 'name' | 'namespace'>,
  manifests: Manifest[],
) =>
  ofKind(manifests, 'HorizontalPodAutoscaler').find(
    ({ metadata, spec }) => metadata.namespace === namespace && spec?.scaleTargetRef.name === name,
  );

function autoscalers(manifests: Manifest[], all: Workload[]): string[] {
  return [
    ...ofKind(manifests, 'HorizontalPodAutoscaler').flatMap((autoscaler) => {
      const { name, kind } = autoscaler.spec?.scaleTargetRef ?? {};
      const target = all.find(
        (w) => w.kind === kind && w.name === name && w.namespace === autoscaler.metadata.namespace,
      );
      return target ? [] : [`${nameOf(autoscaler)}: no ${kind} ${name}`];
    }),
    ...all
      .filter(
        (workload) =>
          (workload.replicas === undefined) !== (autoscalerOf(workload, manifests) !== undefined),
      )
      .map(
        ({ kind, namespace, name }) =>
          `${kind} ${namespace}/${name}: must have either replicas or an autoscaler`,
      ),
  ];
}

function disruptionBudgets(manifests: Manifest[], all: Workload[]): string[] {
  const least = (workload: Workload) =>
    workload.replicas ?? autoscalerOf(workload, manifests)?.spec?.minReplicas ?? 1;
  const budgets = ofKind(manifests, 'PodDisruptionBudget');
  const covered = ({ metadata, spec }: (typeof budgets)[number]) =>
    all.filter(
      ({ namespace, labels }) =>
        namespace === metadata.namespace && selects(spec?.selector, labels),
    );
  return [
    ...budgets.flatMap((budget) => {
      const own = covered(budget);
      if (own.length !== 1) return [`${nameOf(budget)}: covers ${own.length} workloads, not one`];
      return own
        .filter((workload) => least(workload) <= Number(budget.spec?.maxUnavailable))
        .map(({ name }) => `${nameOf(budget)}: lets every replica of ${name} be evicted at once`);
    }),
    ...all
      .filter(
        (workload) =>
          least(workload) > 1 && !budgets.some((budget) => covered(budget).includes(workload)),
      )
      .map(
        ({ kind, namespace, name }) =>
          `${kind} ${namespace}/${name}: has replicas but no disruption budget`,
      ),
  ];
}

function ingresses(manifests: Manifest[]): string[] {
  return ofKind(manifests, 'Ingress').flatMap((ingress) => {
    const paths = (ingress.spec?.rules ?? []).flatMap(({ http }) => http?.paths ?? []);
    const lost = paths.filter(({ backend }) => {
      const { name, port } = backend.service ?? {};
      const service = ofKind(manifests, 'Service').find(
        ({ metadata }) =>
          metadata.name === name && metadata.namespace === ingress.metadata.namespace,
      );
      return !service?.spec?.ports?.some((p) => p.port === port?.number || p.name === port?.name);
    });
    const hosts = new Set(ingress.spec?.rules?.map(({ host }) => host));
    const foreign = (ingress.spec?.tls ?? []).flatMap((tls) =>
      (tls.hosts ?? []).filter((host) => !hosts.has(host)),
    );
    return [
      ...lost.map(({ path, backend: { service } }) => {
        const port = service?.port?.number ?? service?.port?.name;
        return `${nameOf(ingress)}: ${path} leads to ${service?.name}:${port}, which is not there`;
      }),
      ...foreign.map(
        (host) => `${nameOf(ingress)}: has a certificate for ${host}, which it does not serve`,
      ),
    ];
  });
}

function roleBindings(manifests: Manifest[]): string[] {
  const exists = (kind: string, name: string, namespace?: string) =>
    manifests.some(
      (m) => m.kind === kind && m.metadata.name === name && m.metadata.namespace === namespace,
    );
  const bindings = [
    ...ofKind(manifests, 'ClusterRoleBinding'),
    ...ofKind(manifests, 'RoleBinding'),
  ];
  return bindings.flatMap((binding) => [
    ...(exists(binding.roleRef.kind, binding.roleRef.name)
      ? []
      : [`${nameOf(binding)}: no role ${binding.roleRef.name}`]),
    ...(binding.metadata.namespace && !exists('Namespace', binding.metadata.namespace)
      ? [`${nameOf(binding)}: no Namespace ${binding.metadata.namespace}`]
      : []),
    ...(binding.subjects ?? [])
      .filter(({ kind, name, namespace }) => !exists(kind, name, namespace))
      .map(({ kind, name }) => `${nameOf(binding)}: no ${kind} ${name}`),
  ]);
}
