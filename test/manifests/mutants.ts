import type { Container } from 'kubernetes-types/core/v1';
import { type Kinds, type Manifest, ofKind } from './manifest.loader.ts';

/** A mistake planted into the rendered objects, and the finding that must come of it. */
export interface Mutant {
  spoil: (manifests: Manifest[]) => void;
  finding: RegExp;
}

/** The object of that kind and name, which must exist, or the mutant would change nothing. */
function the<K extends keyof Kinds>(
  manifests: Manifest[],
  kind: K,
  namespace: string,
  name: string,
): Kinds[K] & Manifest {
  const found = ofKind(manifests, kind).find(
    ({ metadata }) => metadata.name?.startsWith(name) && (metadata.namespace ?? '') === namespace,
  );
  if (!found) throw new Error(`no ${kind} ${namespace}/${name}`);
  return found;
}

/** Plants a mistake into one object. */
const inThe = <K extends keyof Kinds>(
  kind: K,
  name: string,
  spoil: (object: Kinds[K] & Manifest) => void,
  finding: RegExp,
  namespace = 'production',
): Mutant => ({ spoil: (manifests) => spoil(the(manifests, kind, namespace, name)), finding });

/** Opens a way out of production and into qualification, which both ends must leave open. */
const outOfProduction = (egress: string, ingress: string, finding: RegExp): Mutant => ({
  spoil: (manifests) => {
    const everywhere = { namespaceSelector: {} };
    const [out] = the(manifests, 'NetworkPolicy', 'production', egress).spec?.egress ?? [];
    const [into] = the(manifests, 'NetworkPolicy', 'qualification', ingress).spec?.ingress ?? [];
    out?.to?.push(everywhere);
    into?.from?.push(everywhere);
  },
  finding,
});

/** Plants a mistake into the container of production's users. */
const inUsers = (spoil: (container: Container) => void, finding: RegExp) =>
  inThe(
    'Deployment',
    'users-deployment',
    ({ spec }) => {
      for (const container of spec?.template.spec?.containers ?? []) spoil(container);
    },
    finding,
  );

/** Plants a mistake into the containers of production's Redis. */
const inRedisContainers = (spoil: (container: Container) => void, finding: RegExp) =>
  inThe(
    'StatefulSet',
    'redis-production',
    ({ spec }) => {
      for (const container of spec?.template.spec?.containers ?? []) spoil(container);
    },
    finding,
  );

/** Plants a mistake into the pod of production's users. */
const inUsersPod = (change: object, finding: RegExp) =>
  inThe(
    'Deployment',
    'users-deployment',
    ({ spec }) => Object.assign(spec?.template.spec ?? {}, change),
    finding,
  );

/** Plants another image into an init container of production's Redis. */
const inRedis = (change: (image: string) => string, finding: RegExp) =>
  inThe(
    'StatefulSet',
    'redis',
    ({ spec }) => {
      for (const container of spec?.template.spec?.initContainers ?? [])
        container.image = change(container.image ?? '');
    },
    finding,
  );

/** Plants a mistake into the arguments of Traefik. */
const inTraefik = (from: string | RegExp, to: string, finding: RegExp) =>
  inThe(
    'Deployment',
    'traefik',
    ({ spec }) => {
      for (const container of spec?.template.spec?.containers ?? []) {
        container.args = container.args?.map((argument) => argument.replace(from, to)) ?? [];
      }
    },
    finding,
    'traefik',
  );

/** Plants a mistake into Traefik's own files. */
const inRoutes = (from: string | RegExp, to: string, finding: RegExp) =>
  inThe(
    'ConfigMap',
    'routes',
    ({ data = {} }) => {
      for (const [file, text] of Object.entries(data)) data[file] = text.replace(from, to);
    },
    finding,
    'traefik',
  );

const remove = (
  kind: keyof Kinds,
  name: string,
  finding: RegExp,
  namespace = 'production',
): Mutant => ({
  spoil: (manifests) => {
    const object: Manifest = the(manifests, kind, namespace, name);
    object.kind = 'Removed';
  },
  finding,
});

/** One or more for every kind of finding that the checks on objects can make. */
export const mutants: Mutant[] = [
  // references
  remove('ConfigMap', 'settings', /no ConfigMap settings/),
  remove('Secret', 'platform', /no key ADMIN_KEY in Secret/),
  remove('ServiceAccount', 'users-account', /no ServiceAccount users-account/),
  remove('ConfigMap', 'seed', /Job qualification\/seed: no ConfigMap seed/, 'qualification'),
  remove(
    'PersistentVolumeClaim',
    'redis-backup',
    /no PersistentVolumeClaim redis-backup-production/,
  ),
  remove('Service', 'redis-nodes', /no headless Service redis-nodes-production/),
  remove('HorizontalPodAutoscaler', 'users', /must have either replicas or an autoscaler/),
  remove('PodDisruptionBudget', 'redis', /has replicas but no disruption budget/),
  remove('ServiceAccount', 'traefik', /no ServiceAccount traefik/, 'traefik'),
  inThe(
    'Deployment',
    'users',
    (d) => Object.assign(d.spec?.selector.matchLabels ?? {}, { x: 'y' }),
    /selector does not take its own pods/,
  ),
  inThe(
    'Service',
    'users',
    (s) => Object.assign(s.spec?.selector ?? {}, { x: 'y' }),
    /selects 0 workloads/,
  ),
  inThe(
    'Service',
    'users',
    (s) => s.spec?.ports?.map((port) => Object.assign(port, { targetPort: 'web' })),
    /no container port named web/,
  ),
  inThe(
    'HorizontalPodAutoscaler',
    'users',
    (h) => Object.assign(h.spec?.scaleTargetRef ?? {}, { name: 'x' }),
    /no Deployment x/,
  ),
  inThe(
    'PodDisruptionBudget',
    'users',
    (p) => Object.assign(p.spec ?? {}, { maxUnavailable: 2 }),
    /every replica of users-deployment/,
  ),
  inThe(
    'Ingress',
    'ingress',
    (i) =>
      Object.assign(i.spec?.rules?.[0]?.http?.paths[0]?.backend.service ?? {}, {
        port: { number: 7777 },
      }),
    /users-service:7777, which is not there/,
  ),
  inThe(
    'ClusterRoleBinding',
    'traefik',
    (b) => Object.assign(b.roleRef, { name: 'x' }),
    /no role x/,
    '',
  ),
  inUsers((c) => Object.assign(c.livenessProbe?.httpGet ?? {}, { port: 'web' }), /probes port web/),
  inUsers(
    (c) => Object.assign(c, { volumeMounts: [{ name: 'x', mountPath: '/x' }] }),
    /no volume x/,
  ),
  inThe(
    'Service',
    'quotes',
    (s) => Object.assign(s.metadata, { name: 'users-service' }),
    /users-service: rendered twice/,
  ),
  // isolation
  remove('NetworkPolicy', 'dns', /production\/users-deployment > kube-system\/kube-dns:53 is shut/),
  remove(
    'NetworkPolicy',
    'search',
    /production\/quotes-deployment > production\/search-deployment:5000 is shut/,
  ),
  remove(
    'NetworkPolicy',
    'search-clients',
    /production\/quotes-deployment > production\/search-deployment:5000 is shut/,
  ),
  outOfProduction(
    'search-clients',
    'search',
    /production\/quotes-deployment > qualification\/search-deployment:5000 is open/,
  ),
  remove(
    'NetworkPolicy',
    'redis-nodes',
    /production\/redis-production > production\/redis-production:6379 is shut/,
  ),
  inThe(
    'NetworkPolicy',
    'http',
    (p) => {
      for (const rule of p.spec?.ingress ?? []) delete rule.from;
    },
    /internet > production\/users-deployment:5000 is open/,
  ),
  {
    spoil: (all) => {
      for (const peer of the(all, 'NetworkPolicy', 'production', 'http').spec?.ingress?.[0]?.from ??
        []) {
        delete peer.podSelector;
      }
      for (const name of ['default-deny', 'dns']) {
        const policy: Manifest = the(all, 'NetworkPolicy', 'monitoring', name);
        policy.kind = 'Removed';
      }
    },
    finding: /monitoring\/stranger > production\/users-deployment:5000 is open/,
  },
  inThe(
    'NetworkPolicy',
    'redis-metrics',
    (p) => p.spec?.ingress?.splice(0, 1),
    /monitoring\/prometheus > production\/redis-production:9121 is shut/,
  ),
  outOfProduction(
    'redis-clients',
    'redis',
    /production\/users-deployment > qualification\/redis-qualification:6379 is open/,
  ),
  inThe(
    'Job',
    'seed',
    (j) => Object.assign(j.spec?.template.metadata ?? {}, { labels: {} }),
    /qualification\/seed > qualification\/redis-qualification:6379 is shut/,
    'qualification',
  ),
  inThe(
    'NetworkPolicy',
    'traefik',
    (p) => p.spec?.egress?.splice(1, 1),
    /traefik\/traefik > production\/users-deployment:5000 is shut/,
    'traefik',
  ),
  // quota
  inThe(
    'HorizontalPodAutoscaler',
    'users',
    (h) => Object.assign(h.spec ?? {}, { maxReplicas: 9 }),
    /production: limits.cpu needs/,
  ),
  inThe(
    'HorizontalPodAutoscaler',
    'users',
    (h) => Object.assign(h.spec ?? {}, { maxReplicas: 3 }),
    /maxReplicas is 3; the largest that fits every environment is 4/,
  ),
  inUsers(
    (c) => Object.assign(c.resources?.limits ?? {}, { memory: '3Gi' }),
    /more than the LimitRange allows/,
  ),
  inThe(
    'Job',
    'seed',
    (j) =>
      Object.assign(j.spec?.template.spec?.containers[0]?.resources?.limits ?? {}, { cpu: '1' }),
    /qualification: limits.cpu needs/,
    'qualification',
  ),
  remove('LimitRange', 'limit-range', /a quota without a LimitRange/),
  // hardening
  inUsersPod({ securityContext: { runAsUser: 10001, runAsGroup: 10001 } }, /may run as root/),
  inUsersPod({ securityContext: { runAsNonRoot: true } }, /no numeric user and group/),
  inUsersPod({ securityContext: {} }, /no seccomp profile/),
  inUsersPod({ hostNetwork: true }, /shares a namespace of the host/),
  inUsersPod({ volumes: [{ name: 'x', hostPath: { path: '/' } }] }, /mounts a path of the host/),
  inUsersPod({ automountServiceAccountToken: true }, /has a token it does not need/),
  inUsersPod({ enableServiceLinks: true }, /has every Service's address/),
  inUsersPod({ serviceAccountName: 'quotes-account' }, /shares its ServiceAccount/),
  inUsers(
    (c) => Object.assign(c.securityContext ?? {}, { allowPrivilegeEscalation: true }),
    /may gain privileges/,
  ),
  inUsers(
    (c) => Object.assign(c.securityContext ?? {}, { readOnlyRootFilesystem: false }),
    /may write to its image/,
  ),
  inUsers(
    (c) => Object.assign(c.securityContext?.capabilities ?? {}, { add: ['NET_ADMIN'] }),
    /keeps capabilities/,
  ),
  inUsers(
    (c) => c.ports?.map((port) => Object.assign(port, { hostPort: 80 })),
    /takes a port of the host/,
  ),
  inUsers((c) => Object.assign(c, { image: 'quotes-platform/users:latest' }), /is not exact/),
  inUsers((c) => {
    delete c.startupProbe;
  }, /lacks a probe/),
  inUsers((c) => c.env?.push({ name: 'ADMIN_KEY', value: 'x' }), /has a secret among its literals/),
  // images
  inUsers(
    (c) => Object.assign(c, { args: ['--password', '$(REDIS_PASSWORD)'] }),
    /users has a secret on a command line/,
  ),
  inThe(
    'Deployment',
    'users-deployment',
    (d) =>
      d.spec?.template.spec?.containers[0]?.envFrom?.push({
        secretRef: { name: 'redis-operator-x' },
      }),
    /users-deployment: has the logins users, operator of Redis, not users/,
  ),
  inRedisContainers(
    (c) => delete c.readinessProbe?.initialDelaySeconds,
    /redis-production: is ready while the others cannot resolve its name yet/,
  ),
  inRedisContainers(
    (c) => c.args?.push('--requirepass', 'x'),
    /redis has a secret on a command line/,
  ),
  inRedisContainers(
    (c) =>
      Object.assign(c.readinessProbe ?? {}, {
        exec: { command: ['sh', '-c', 'valkey-cli -a "$REDISCLI_AUTH" ping'] },
      }),
    /redis has a secret on a command line/,
  ),
  inRedisContainers(
    (c) =>
      Object.assign(c.lifecycle ?? {}, {
        preStop: { exec: { command: ['valkey-cli', '--pass', 'x', 'save'] } },
      }),
    /redis has a secret on a command line/,
  ),
  ...[
    'valkey-cli -a "$REDISCLI_AUTH" ping',
    'valkey-server --requirepass "$REDISCLI_AUTH"',
    '$live migrate x auth "$REDISCLI_AUTH"',
  ].map((line) =>
    inThe(
      'ConfigMap',
      'redis-scripts',
      (m) => Object.assign(m.data ?? {}, { 'ready.sh': `#!/bin/sh\n${line}\n` }),
      /ready.sh puts a secret on a command line/,
    ),
  ),
  inUsers((c) => Object.assign(c, { image: 'quotes-platform/users:0.0.1' }), /is not version/),
  inRedis((image) => image.replace(/@.*/, ''), /valkey\/valkey:[\w.-]+ is not pinned by digest/),
  inRedis(
    (image) => image.replace(/:[^@]+/, ':0.0.1'),
    /one image in different versions: .*valkey:0\.0\.1@/,
  ),
  inThe(
    'ServiceAccount',
    'users',
    (a) => {
      delete a.automountServiceAccountToken;
    },
    /mounts its token by default/,
  ),
  inThe(
    'Deployment',
    'users',
    (d) => Object.assign(d.spec?.strategy?.rollingUpdate ?? {}, { maxUnavailable: 1 }),
    /a rollout takes replicas away/,
  ),
  inThe(
    'PodDisruptionBudget',
    'users',
    (p) => {
      delete p.spec?.unhealthyPodEvictionPolicy;
    },
    /a broken pod can block/,
  ),
  inThe(
    'ClusterRole',
    'traefik',
    (r) => r.rules?.map((rule) => Object.assign(rule, { verbs: ['*'] })),
    /a wildcard/,
    '',
  ),
  inThe(
    'Job',
    'seed',
    (j) => {
      delete j.spec?.ttlSecondsAfterFinished;
    },
    /the next version cannot be applied/,
    'qualification',
  ),
  inThe(
    'ConfigMap',
    'settings',
    (m) => Object.assign(m.data ?? {}, { ADMIN_KEY: 'x' }),
    /belongs into a Secret/,
  ),
  inThe(
    'NetworkPolicy',
    'redis-clients',
    (p) => Object.assign(p.spec ?? {}, { podSelector: { matchLabels: { x: 'y' } } }),
    /selects nothing/,
  ),
  inThe(
    'Service',
    'users',
    (s) => Object.assign(s.spec ?? {}, { type: 'NodePort' }),
    /goes around the edge/,
  ),
  inThe(
    'Ingress',
    'ingress',
    (i) => Object.assign(i.metadata, { annotations: {} }),
    /no rate limit/,
  ),
  inThe(
    'Ingress',
    'ingress',
    (i) =>
      Object.assign(i.metadata, {
        annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': 'ratelimit@file' },
      }),
    /a crashed pod is a 502/,
  ),
  inThe(
    'Ingress',
    'ingress',
    (i) =>
      Object.assign(i.metadata, {
        annotations: {
          'traefik.ingress.kubernetes.io/router.middlewares':
            'https@file,ratelimit@file,cors@file,retry@file',
        },
      }),
    /hides its limit from pages of other origins/,
  ),
  // What differs between the route of an Ingress and the one of users: host, service, the rest of
  // the way, the limit, whose credentials.
  inRoutes(/\^production-app/g, '^another', /production\/ingress: \/users has no route like it/),
  inRoutes('service: production-q', 'service: qualification-q', /\/quotes has no route like it/),
  inRoutes(/\[https, cors, u/g, '[cors, u', /production\/ingress: \/users has no route like it/),
  inRoutes(/burst: 100$/m, 'burst: 99', /\/users has no route like it/),
  inRoutes(/basic/g, 'bearer', /\/users has no route like it/),
  inThe(
    'Namespace',
    'production',
    (n) => Object.assign(n.metadata, { labels: {} }),
    /not restricted/,
    '',
  ),
  remove('NetworkPolicy', 'default-deny', /no default deny/),
  // Traefik's settings
  inTraefik(
    'allowemptyservices=true',
    'allowemptyservices=false',
    /answers 404 for a service without a ready pod/,
  ),
  inTraefik(
    'terminatingstatuscode=200',
    'terminatingstatuscode=503',
    /is unready before the load balancer/,
  ),
  inTraefik('drop', 'keep', /Traefik logs what opens an order/),
  inTraefik(
    'namespaces=traefik,qualification,production',
    'namespaces=traefik,qualification',
    /does not serve its/,
  ),
  inTraefik(/dialtimeout=.*/, '', /waits for a dead pod without end/),
  inTraefik(/(traefik\.transport.*)=30s/, '$1=10s', /stops accepting on traefik before/),
  inTraefik(/(web\.transport.*gracetimeout)=30s/, '$1=10s', /stops accepting on web before/),
  inTraefik(/(websecure\.transport\.keep.*)=10s/, '$1=60s', /cuts connections on websecure/),
  inThe(
    'Deployment',
    'traefik',
    (d) => Object.assign(d.spec?.template.spec ?? {}, { terminationGracePeriodSeconds: 30 }),
    /is killed while requests on web are under way/,
    'traefik',
  ),
  inRoutes(
    'attempts: 4',
    'attempts: 4\n        status: ["502"]',
    /sends again what a pod may have done/,
  ),
  inRoutes('VersionTLS12', 'VersionTLS10', /speaks TLS older than 1.2/),
  inThe(
    'Deployment',
    'traefik',
    (d) =>
      Object.assign(d.spec?.template.spec?.containers[0]?.startupProbe?.httpGet ?? {}, {
        path: '/ping',
      }),
    /is ready before it has the cluster's routes/,
    'traefik',
  ),
  inThe(
    'ConfigMap',
    'settings',
    (m) => Object.assign(m.data ?? {}, { TRUSTED_PROXIES: 'traefik-nodes.traefik.svc,10.0.0.0/8' }),
    /believes 10.0.0.0\/8, which is not Traefik's pods alone/,
    'privrocket-preprod',
  ),
  inThe(
    'Service',
    'traefik-nodes',
    (s) => delete s.spec?.publishNotReadyAddresses,
    /believes traefik-nodes.traefik.svc, which is not/,
    'traefik',
  ),
  inThe(
    'Deployment',
    'traefik',
    (d) => delete d.spec?.template.spec?.initContainers,
    /is sent clients before the services believe/,
    'traefik',
  ),
  remove(
    'RoleBinding',
    'traefik',
    /Ingress production\/ingress: Traefik does not serve its namespace/,
  ),
  remove(
    'Namespace',
    'qualification',
    /RoleBinding qualification\/traefik: no Namespace qualification/,
    '',
  ),
  inThe(
    'ClusterRole',
    'traefik',
    (r) => r.rules?.push({ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }),
    /lets every Secret of the cluster be read/,
    '',
  ),
  inThe('Ingress', 'ingress', (i) => delete i.spec?.tls, /a certificate, but plain HTTP as well/),
  inThe(
    'Ingress',
    'ingress',
    (i) => i.spec?.tls?.map((tls) => Object.assign(tls, { hosts: ['elsewhere.example'] })),
    /has a certificate for elsewhere.example, which it does not serve/,
  ),
  inThe(
    'Ingress',
    'ingress',
    (i) =>
      Object.assign(i.metadata, {
        annotations: {
          'traefik.ingress.kubernetes.io/router.middlewares': 'hsts@file,ratelimit@file,retry@file',
        },
      }),
    /is strict with a certificate that nobody trusts/,
    'qualification',
  ),
  inThe(
    'Ingress',
    'ingress-privrocketapp-buyers',
    (i) =>
      delete i.metadata.annotations?.[
        'traefik.ingress.kubernetes.io/router.observability.accesslogs'
      ],
    /buyers: logs what opens an order/,
    'privrocket-preprod',
  ),
  inThe(
    'Ingress',
    'ingress-privrocketapp',
    (i) =>
      Object.assign(i.metadata, {
        annotations: {
          'traefik.ingress.kubernetes.io/router.middlewares': 'bodycap@file,retry@file',
        },
      }),
    /ingress-privrocketapp: no rate limit/,
    'privrocket-preprod',
  ),
  inThe(
    'Ingress',
    'ingress-privrocketapp',
    (i) =>
      Object.assign(i.metadata, {
        annotations: {
          'traefik.ingress.kubernetes.io/router.middlewares': 'ratelimit@file,retry@file',
        },
      }),
    /ingress-privrocketapp: a limit below the services' own/,
    'privrocket-preprod',
  ),
  inThe(
    'Ingress',
    'ingress-privrocketapp-webhooks',
    (i) =>
      Object.assign(i.metadata, {
        annotations: {
          'traefik.ingress.kubernetes.io/router.middlewares': 'shoplimit@file,retry@file',
        },
      }),
    /webhooks: may keep the news of a payment away/,
    'privrocket-preprod',
  ),
  inThe(
    'Service',
    'stripe-test',
    (s) => delete s.spec?.externalTrafficPolicy,
    /stripe-test-service: loses the address of its clients/,
    'privrocket-preprod',
  ),
  // environment
  inThe(
    'ConfigMap',
    'settings',
    (m) => Object.assign(m.data ?? {}, { LOG_LEVEL: '"info"' }),
    /one thing to dotenv and another to kustomize/,
  ),
  inThe(
    'ConfigMap',
    'settings',
    (m) => Object.assign(m.data ?? {}, { COLOUR: 'blue' }),
    /COLOUR is read by nobody/,
  ),
  inThe(
    'ConfigMap',
    'settings',
    (m) => Object.assign(m.data ?? {}, { REDIS_HOST: 'redis-qualification' }),
    /no Service redis-qualification:6379/,
  ),
  inThe(
    'StatefulSet',
    'redis',
    (s) => Object.assign(s.spec ?? {}, { replicas: 2 }),
    /no Sentinel redis-production-2/,
  ),
  inThe(
    'ConfigMap',
    'settings',
    (m) => Object.assign(m.data ?? {}, { REDIS_SENTINELS: '' }),
    /0 Sentinels for 3 nodes/,
  ),
  inThe(
    'ConfigMap',
    'settings',
    (m) => Object.assign(m.data ?? {}, { APP_PORT: '5001' }),
    /does not listen on APP_PORT/,
  ),
  inUsers(
    (c) => Object.assign(c.readinessProbe ?? {}, { failureThreshold: 3 }),
    /stops accepting before it is out of the balancer/,
  ),
];
