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

/** The workloads that may talk to the cluster's API. */
const apiClients = ['traefik/traefik', 'monitoring/prometheus', 'monitoring/kube-state-metrics'];

/**
 * Where a Service may face the internet: the edge, and the shop, which has its own rate limit and
 * the owner's ports.
 */
const publicNamespaces = ['traefik', 'privrocket-preprod'];

/** How long a DNS cache denies a name that has come since, in seconds: CoreDNS' own default. */
const maxDenialSeconds = 30;

const secretName = /KEY$|PASSWORD|SECRET|TOKEN/;
const exactImage = /^[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/;

/**
 * What Pod Security "restricted" and the NSA/CISA guide ask for and kube-score does not look at; as
 * sentences.
 */
export function checkHardening(manifests: Manifest[]): string[] {
  const all = workloads(manifests);
  return [
    ...all.flatMap((workload) =>
      podFindings(workload).map(
        (problem) => `${workload.kind} ${workload.namespace}/${workload.name}: ${problem}`,
      ),
    ),
    ...sharedAccounts(all),
    ...all.flatMap(foreignLogins),
    ...ofKind(manifests, 'ServiceAccount')
      .filter(({ automountServiceAccountToken: mounts }) => mounts !== false)
      .map((account) => `${nameOf(account)}: mounts its token by default`),
    ...ofKind(manifests, 'Deployment')
      .filter(({ spec }) => spec?.strategy?.rollingUpdate?.maxUnavailable !== 0)
      .map((deployment) => `${nameOf(deployment)}: a rollout takes replicas away`),
    ...ofKind(manifests, 'StatefulSet')
      .filter(({ spec }) =>
        spec?.template.spec?.containers.some(
          ({ name, readinessProbe }) =>
            name === 'sentinel' && (readinessProbe?.initialDelaySeconds ?? 0) < maxDenialSeconds,
        ),
      )
      .map((set) => `${nameOf(set)}: is ready while the others cannot resolve its name yet`),
    ...ofKind(manifests, 'Job')
      .filter(({ spec }) => spec?.ttlSecondsAfterFinished === undefined)
      .map((job) => `${nameOf(job)}: stays, and the next version cannot be applied`),
    ...ofKind(manifests, 'PodDisruptionBudget')
      .filter(({ spec }) => spec?.unhealthyPodEvictionPolicy !== 'AlwaysAllow')
      .map((budget) => `${nameOf(budget)}: a broken pod can block a node's drain`),
    ...ofKind(manifests, 'ClusterRole')
      .filter(({ rules }) => JSON.stringify(rules).includes('"*"'))
      .map((role) => `${nameOf(role)}: a wildcard`),
    ...ofKind(manifests, 'ClusterRoleBinding')
      .filter(({ roleRef }) =>
        ofKind(manifests, 'ClusterRole').some(
          ({ metadata, rules }) =>
            metadata.name === roleRef.name &&
            rules?.some(({ resources }) => resources?.includes('secrets')),
        ),
      )
      .map((binding) => `${nameOf(binding)}: lets every Secret of the cluster be read`),
    ...ofKind(manifests, 'ConfigMap').flatMap((map) =>
      Object.keys(map.data ?? {})
        .filter((key) => secretName.test(key))
        .map((key) => `${nameOf(map)}: ${key} belongs into a Secret`),
    ),
    ...ofKind(manifests, 'ConfigMap').flatMap((map) =>
      Object.entries(map.data ?? {})
        .filter(([file, text]) => file.endsWith('.sh') && text.split('\n').some(showsSecret))
        .map(([file]) => `${nameOf(map)}: ${file} puts a secret on a command line`),
    ),
    ...ofKind(manifests, 'NetworkPolicy')
      .filter(
        ({ metadata, spec }) =>
          !all.some(
            (w) => w.namespace === metadata.namespace && selects(spec?.podSelector, w.labels),
          ),
      )
      .map((policy) => `${nameOf(policy)}: selects nothing`),
    ...ofKind(manifests, 'Service')
      .filter(
        ({ metadata, spec }) =>
          (spec?.type ?? 'ClusterIP') !== 'ClusterIP' &&
          !publicNamespaces.includes(metadata.namespace ?? ''),
      )
      .map((service) => `${nameOf(service)}: ${service.spec?.type} goes around the edge`),
    ...ofKind(manifests, 'Service')
      .filter(
        ({ spec }) =>
          (spec?.type ?? 'ClusterIP') !== 'ClusterIP' && spec?.externalTrafficPolicy !== 'Local',
      )
      .map((service) => `${nameOf(service)}: loses the address of its clients`),
    ...ofKind(manifests, 'Namespace').flatMap((namespace) =>
      namespaceFindings(namespace, manifests),
    ),
  ];
}

/** The arguments of all commands that a container's manifest runs. */
function commandsOf({ command, args, lifecycle, ...probes }: Container): string[] {
  const handlers = [
    probes.startupProbe,
    probes.readinessProbe,
    probes.livenessProbe,
    lifecycle?.preStop,
    lifecycle?.postStart,
  ];
  return [
    ...(command ?? []),
    ...(args ?? []),
    ...handlers.flatMap((handler) => handler?.exec?.command ?? []),
  ];
}

/**
 * Whether an argument of a command, or a line of a script, shows a secret to everybody who can list
 * the processes: a variable with the name of a secret, expanded by Kubernetes or a shell, or an
 * option whose value is always a secret. `printf` and `echo` start no process.
 */
function showsSecret(text: string): boolean {
  const line = text.replace(/^\s*#.*/, '').replace(/\b(printf|echo) [^|;&]*/g, '');
  // An assignment or a line of a configuration file is not an argument.
  const isArgument =
    !/^\s*(export )?\w+=\S*$/.test(line) && !/^(sentinel|masterauth|requirepass) /.test(line);
  return (
    (isArgument && /\$[({]?\w*(KEY|PASSWORD|SECRET|TOKEN|AUTH)\b/.test(line)) ||
    /(^|\s)(--requirepass|--masterauth|--pass|-a)(\s|=|$)/.test(line)
  );
}

function podFindings(workload: Workload): string[] {
  const { spec } = workload.template;
  const security = spec?.securityContext;
  const isApiClient = apiClients.includes(`${workload.namespace}/${workload.name}`);
  const problems: [boolean, string][] = [
    [security?.runAsNonRoot === true, 'may run as root'],
    [
      Number.isInteger(security?.runAsUser) && Number.isInteger(security?.runAsGroup),
      'no numeric user and group',
    ],
    [security?.seccompProfile?.type === 'RuntimeDefault', 'no seccomp profile'],
    [!(spec?.hostNetwork || spec?.hostPID || spec?.hostIPC), 'shares a namespace of the host'],
    [!spec?.volumes?.some(({ hostPath }) => hostPath), 'mounts a path of the host'],
    [spec?.automountServiceAccountToken === isApiClient, 'has a token it does not need'],
    [spec?.enableServiceLinks === false, "has every Service's address in its environment"],
    ...containersOf(workload).flatMap((container): [boolean, string][] => {
      const own = container.securityContext;
      const isInit = spec?.initContainers?.includes(container) ?? false;
      const {
        startupProbe: startup,
        readinessProbe: readiness,
        livenessProbe: liveness,
      } = container;
      return [
        [
          own?.allowPrivilegeEscalation === false && !own.privileged,
          `${container.name} may gain privileges`,
        ],
        [own?.readOnlyRootFilesystem === true, `${container.name} may write to its image`],
        [
          own?.capabilities?.drop?.includes('ALL') === true && !own.capabilities.add,
          `${container.name} keeps capabilities`,
        ],
        [
          !container.ports?.some(({ hostPort }) => hostPort),
          `${container.name} takes a port of the host`,
        ],
        [
          exactImage.test(container.image ?? ''),
          `${container.name}: image ${container.image} is not exact`,
        ],
        [
          isInit || workload.kind.endsWith('Job') || Boolean(startup && readiness && liveness),
          `${container.name} lacks a probe`,
        ],
        [
          !container.env?.some(({ name, value }) => secretName.test(name) && value !== undefined),
          `${container.name} has a secret among its literals`,
        ],
        [
          !commandsOf(container).some(showsSecret),
          `${container.name} has a secret on a command line`,
        ],
      ];
    }),
  ];
  return problems.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/**
 * The logins of Redis that a workload may have, by what its name begins with: its own, and no
 * other.
 */
const logins: Record<string, string[]> = {
  'users-deployment': ['users'],
  'quotes-deployment': ['quotes'],
  'search-deployment': ['search'],
  'privrocket-deployment': ['shop'],
  seed: ['import'],
  'redis-backup': ['backup'],
  'redis-restore': ['operator'],
  // What a node knows of the users is hashes; `acl` holds them. A Sentinel is beside its node.
  redis: ['node', 'exporter', 'sentinel', 'acl'],
};

function foreignLogins(workload: Workload): string[] {
  const { template, kind, namespace, name } = workload;
  const [, own] = Object.entries(logins).find(([start]) => name.startsWith(start)) ?? ['', []];
  const secrets = [
    ...containersOf(workload).flatMap(({ env, envFrom }) => [
      ...(env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...(envFrom ?? []).map(({ secretRef }) => secretRef?.name),
    ]),
    ...(template.spec?.volumes ?? []).map(({ secret }) => secret?.secretName),
  ];
  const has = [
    ...new Set(secrets.flatMap((secret) => /^redis-([a-z]+)/.exec(secret ?? '')?.[1] ?? [])),
  ];
  return has.every((login) => own.includes(login))
    ? []
    : [
        `${kind} ${namespace}/${name}: has the logins ${has.join(', ')} of Redis, not ${own.join(', ') || 'any'}`,
      ];
}

function sharedAccounts(all: Workload[]): string[] {
  const account = ({ namespace, template }: Workload) =>
    `${namespace}/${template.spec?.serviceAccountName}`;
  return all
    .filter((workload) =>
      all.some((other) => other !== workload && account(other) === account(workload)),
    )
    .map(
      (workload) =>
        `${workload.kind} ${workload.namespace}/${workload.name}: shares its ServiceAccount`,
    );
}

function namespaceFindings(namespace: Manifest, manifests: Manifest[]): string[] {
  const { name, labels } = namespace.metadata;
  const here = manifests.filter(({ metadata }) => metadata.namespace === name);
  const denies = ofKind(here, 'NetworkPolicy').some(
    ({ spec }) =>
      JSON.stringify(spec?.podSelector) === '{}' &&
      spec?.policyTypes?.length === 2 &&
      !spec.ingress &&
      !spec.egress,
  );
  return [
    ...(labels?.['pod-security.kubernetes.io/enforce'] === 'restricted'
      ? []
      : [`Namespace ${name}: not restricted`]),
    ...(denies ? [] : [`Namespace ${name}: no default deny`]),
  ];
}
