import type { NetworkPolicyPeer, NetworkPolicyPort } from 'kubernetes-types/networking/v1';
import { containersOf, type Manifest, ofKind, selects, workloads } from './manifest.loader.ts';

/** A peer that may try to connect, or be connected to. */
export interface Actor {
  id: string;
  /** Undefined for an address outside the cluster. */
  namespace?: string;
  /** Its address, when it is not a pod and a policy may name the address. */
  address?: string;
  labels: Record<string, string>;
  ports: { name?: string | undefined; port: number }[];
}

/**
 * Peers that are not rendered here but may connect. An overlay that renders one of them replaces
 * it.
 */
const outsiders: Actor[] = [
  { id: 'internet', labels: {}, ports: [] },
  { id: 'default/stranger', namespace: 'default', labels: {}, ports: [{ port: 80 }] },
  { id: 'monitoring/stranger', namespace: 'monitoring', labels: {}, ports: [] },
  {
    id: 'kube-system/kube-dns',
    namespace: 'kube-system',
    labels: { 'k8s-app': 'kube-dns' },
    ports: [{ port: 53 }],
  },
  {
    id: 'kube-system/node-local-dns',
    namespace: 'kube-system',
    labels: { 'k8s-app': 'node-local-dns' },
    ports: [{ port: 53 }],
  },
  // The cache of DNS listens in the network of the node, where it is no pod to a policy.
  { id: 'node/dns', address: '169.254.20.10', labels: {}, ports: [{ port: 53 }] },
  { id: 'node/stranger', address: '169.254.20.11', labels: {}, ports: [{ port: 53 }] },
  { id: 'kube-system/stranger', namespace: 'kube-system', labels: {}, ports: [{ port: 53 }] },
];

/**
 * Every connection that is meant to be allowed, where `ENV` stands for one environment. All others
 * must be refused.
 */
const intended = [
  'internet > traefik/traefik:8000',
  'internet > traefik/traefik:8443',
  'monitoring/prometheus > traefik/traefik:8080',
  ...['users', 'quotes', 'search'].flatMap((service) => [
    `traefik/traefik > ENV/${service}-deployment:5000`,
    `monitoring/prometheus > ENV/${service}-deployment:5000`,
    `ENV/${service}-deployment > ENV/redis-ENV:6379`,
    `ENV/${service}-deployment > ENV/redis-ENV:26379`,
  ]),
  'ENV/quotes-deployment > ENV/search-deployment:5000',
  'privrocket-preprod/quotes-deployment > privrocket-preprod/search-deployment:5000',
  'monitoring/prometheus > ENV/redis-ENV:9121',
  'monitoring/prometheus > monitoring/alertmanager:9093',
  'monitoring/prometheus > monitoring/grafana:3000',
  'monitoring/prometheus > monitoring/kube-state-metrics:8080',
  'monitoring/grafana > monitoring/prometheus:9090',
  'monitoring/grafana > monitoring/alertmanager:9093',
  'production/redis-production > production/redis-production:6379',
  'production/redis-production > production/redis-production:26379',
  'production/redis-backup-production > production/redis-production:6379',
  'production/redis-backup-production > production/redis-production:26379',
  'production/redis-restore-production > production/redis-production:6379',
  'production/redis-restore-production > production/redis-production:26379',
  'qualification/seed > qualification/redis-qualification:6379',
  'qualification/seed > qualification/redis-qualification:26379',
  // The shop is public, and has quotes and search of its own behind it.
  ...['internet', 'traefik/traefik', 'monitoring/prometheus'].map(
    (from) => `${from} > privrocket-preprod/privrocket-deployment:5000`,
  ),
  ...['quotes', 'search'].flatMap((service) => [
    `privrocket-preprod/privrocket-deployment > privrocket-preprod/${service}-deployment:5000`,
    `monitoring/prometheus > privrocket-preprod/${service}-deployment:5000`,
  ]),
  ...['quotes', 'search', 'privrocket'].flatMap((service) =>
    [6379, 26379].map(
      (port) =>
        `privrocket-preprod/${service}-deployment > privrocket-preprod/redis-preprod:${port}`,
    ),
  ),
].flatMap((way) =>
  way.includes('ENV')
    ? ['qualification', 'production'].map((name) => way.replaceAll('ENV', name))
    : [way],
);

/**
 * Whether a way is meant to be open: in the list above, DNS for all, and the public entrance for
 * really everybody.
 */
const isIntended = (from: Actor, to: Actor, port: number) =>
  intended.includes(`${from.id} > ${to.id}:${port}`) ||
  ['kube-system/kube-dns', 'kube-system/node-local-dns', 'node/dns'].includes(to.id) ||
  (intended.includes(`internet > ${to.id}:${port}`) &&
    !from.id.match(/^(qualification|production|privrocket-preprod|traefik|monitoring)\//));

const isPeer = (
  peers: NetworkPolicyPeer[] | undefined,
  policyNamespace: string | undefined,
  actor: Actor,
) =>
  peers === undefined ||
  peers.some(({ namespaceSelector, podSelector, ipBlock }) => {
    // A policy here names whole addresses only.
    if (ipBlock) return actor.address !== undefined && ipBlock.cidr === `${actor.address}/32`;
    if (actor.namespace === undefined) return false;
    const namespaceLabels = { 'kubernetes.io/metadata.name': actor.namespace };
    const inNamespace = namespaceSelector
      ? selects(namespaceSelector, namespaceLabels)
      : actor.namespace === policyNamespace;
    return inNamespace && (podSelector === undefined || selects(podSelector, actor.labels));
  });

const isPort = (ports: NetworkPolicyPort[] | undefined, port: Actor['ports'][number]) =>
  ports === undefined ||
  ports.some((p) => p.port === port.port || (p.port !== undefined && p.port === port.name));

/**
 * Whether one side's policies let the connection pass: none that selects the pod, or one rule that
 * allows it.
 */
function passes(
  manifests: Manifest[],
  side: 'Ingress' | 'Egress',
  from: Actor,
  to: Actor,
  port: Actor['ports'][number],
) {
  const [own, other] = side === 'Ingress' ? [to, from] : [from, to];
  const policies = ofKind(manifests, 'NetworkPolicy').filter(
    ({ metadata, spec }) =>
      metadata.namespace === own.namespace &&
      selects(spec?.podSelector, own.labels) &&
      spec?.policyTypes?.includes(side),
  );
  if (policies.length === 0) return true;
  return policies.some(({ metadata, spec }) => {
    const rules =
      side === 'Ingress'
        ? (spec?.ingress ?? []).map((rule) => ({ peers: rule.from, ports: rule.ports }))
        : (spec?.egress ?? []).map((rule) => ({ peers: rule.to, ports: rule.ports }));
    return rules.some(
      ({ peers, ports }) => isPeer(peers, metadata.namespace, other) && isPort(ports, port),
    );
  });
}

/** Whether the policies of both sides let a connection pass. */
export const reaches = (
  manifests: Manifest[],
  from: Actor,
  to: Actor,
  port: Actor['ports'][number],
) => passes(manifests, 'Egress', from, to, port) && passes(manifests, 'Ingress', from, to, port);

/**
 * Computes who reaches whom under the NetworkPolicies of all overlays together, and compares it
 * with what is meant.
 * @returns sentences on every way that is open and should not be, or shut and should not be; and
 *   how many ways were asked
 */
export function checkIsolation(manifests: Manifest[]): {
  findings: string[];
  asked: number;
  open: number;
} {
  const rendered: Actor[] = workloads(manifests).map((workload) => ({
    id: `${workload.namespace}/${workload.name}`,
    namespace: workload.namespace,
    labels: workload.labels,
    ports: containersOf(workload)
      .flatMap(({ ports }) => ports ?? [])
      .map(({ name, containerPort }) => ({ name, port: containerPort })),
  }));
  const actors = [
    ...rendered,
    ...outsiders.filter(({ id }) => !rendered.some((actor) => actor.id === id)),
  ];
  const findings: string[] = [];
  let asked = 0;
  let open = 0;
  for (const from of actors) {
    for (const to of actors) {
      // No policy of ours is between two outsiders.
      if (![from, to].some((actor) => rendered.includes(actor))) continue;
      for (const port of to.ports) {
        asked += 1;
        const isOpen = reaches(manifests, from, to, port);
        if (isOpen) open += 1;
        if (isOpen !== isIntended(from, to, port.port)) {
          findings.push(`${from.id} > ${to.id}:${port.port} is ${isOpen ? 'open' : 'shut'}`);
        }
      }
    }
  }
  return { findings, asked, open };
}
