import type { HTTPIngressPath, Ingress } from 'kubernetes-types/networking/v1';
import { parse } from 'yaml';
import { type Manifest, nameOf, ofKind, selects, workloads } from './manifest.loader.ts';
import { traefikArguments } from './traefik.runner.ts';

/**
 * How long a load balancer that asks every 5 s may go on sending connections to a pod that ends, in
 * seconds.
 */
const balancerNotices = 20;
/**
 * What Traefik gives requests under way when it has stopped accepting, unless told otherwise, in
 * seconds.
 */
const requestsEnd = 10;

/** Paths of the shop that are followed by a token that opens an order. */
const tokenPaths = ['/your-order', '/demo-checkout'];
/**
 * What keeps a flood from the services: a limit, or for the webhook, which may not have one, a cap.
 */
const shields = ['ratelimit@file', 'shoplimit@file', 'bodycap@file'];

/**
 * How long DNS caches keep an answer, and how often services ask, in seconds: until then a new pod
 * is not believed.
 */
const proxyUnknown = 30 + 5;

const annotation = 'traefik.ingress.kubernetes.io/router';

/** What of Traefik's own files is looked at. */
interface RoutesFile {
  http: {
    routers: Record<string, { rule: string; middlewares: string[]; service: string }>;
    middlewares: Record<
      string,
      {
        rateLimit?: { burst: number };
        buffering?: { maxRequestBodyBytes: number };
        retry?: { status?: string[]; retryNonIdempotentMethod?: boolean };
      }
    >;
  };
  tls: { options: { default: { minVersion: string } } };
}

/** Traefik's own routes and middlewares, of all its files. */
export function routesFile(manifests: Manifest[]): RoutesFile {
  const [map] = ofKind(manifests, 'ConfigMap').filter(
    ({ metadata }) => metadata.namespace === 'traefik',
  );
  const files = Object.values(map?.data ?? {}).map((text) => parse(text) as Partial<RoutesFile>);
  return {
    http: {
      routers: Object.assign({}, ...files.map(({ http }) => http?.routers)),
      middlewares: Object.assign({}, ...files.map(({ http }) => http?.middlewares)),
    },
    tls: files.flatMap(({ tls }) => tls ?? [])[0] ?? { options: { default: { minVersion: '' } } },
  };
}

/** Apps that know users, whose credentials have a route of their own. */
const knowingUsers = ['users-service', 'quotes-service'];

/**
 * The middlewares of the requests with the credentials of a user to a path of an Ingress; undefined
 * when they go the way of all others.
 */
export function userMiddlewares(
  manifests: Manifest[],
  namespace: string,
  host: string,
  { path = '', backend }: HTTPIngressPath,
): string[] | undefined {
  const service = `${namespace}-${backend.service?.name}-${backend.service?.port?.number}@kubernetes`;
  return Object.values(routesFile(manifests).http.routers).find((router) => {
    const hosts = /HostRegexp\(`([^`]*)`\)/.exec(router.rule)?.[1];
    return (
      router.service === service &&
      hosts !== undefined &&
      new RegExp(hosts).test(host) &&
      router.rule.includes(`PathPrefix(\`${path}\`)`) &&
      router.rule.includes('HeaderRegexp(`Authorization`, `^(?i:basic) `)')
    );
  })?.middlewares;
}

/** The middlewares that an Ingress asks for. */
export const middlewaresOf = ({ metadata }: Ingress): string[] =>
  metadata?.annotations?.[`${annotation}.middlewares`]?.split(',') ?? [];

/**
 * What Traefik's settings and the Ingresses must say, as far as it shows without running Traefik;
 * as sentences.
 */
export function checkEdgeSettings(manifests: Manifest[]): string[] {
  return [
    ...traefikFindings(manifests).map((problem) => `Traefik ${problem}`),
    ...proxyFindings(manifests),
    ...ofKind(manifests, 'Ingress').flatMap((ingress) =>
      // Traefik's own is on the port of its probes.
      ingress.metadata.namespace === 'traefik'
        ? []
        : ingressFindings(ingress, manifests).map((problem) => `${nameOf(ingress)}: ${problem}`),
    ),
  ];
}

const failed = (problems: [boolean, string][]) =>
  problems.filter(([holds]) => !holds).map(([, problem]) => problem);

function settingsOf(manifests: Manifest[]): Map<string, string> {
  return new Map(
    traefikArguments(manifests).map(
      (argument) => argument.slice(2).split('=', 2) as [string, string],
    ),
  );
}

function traefikFindings(manifests: Manifest[]): string[] {
  const settings = settingsOf(manifests);
  const [deployment] = ofKind(manifests, 'Deployment').filter(
    ({ metadata }) => metadata.namespace === 'traefik',
  );
  const {
    terminationGracePeriodSeconds: grace = 30,
    containers = [],
    initContainers = [],
  } = deployment?.spec?.template.spec ?? {};
  const held = initContainers.find(({ command }) => command?.[0] === 'sleep')?.command?.[1];
  const { http, tls } = routesFile(manifests);
  const retry = http.middlewares.retry?.retry;
  const entryPoints = [...settings.keys()].flatMap(
    (name) => /^entrypoints\.(\w+)\.address$/.exec(name)?.[1] ?? [],
  );
  return failed([
    [
      settings.get('providers.kubernetesingress.allowemptyservices') === 'true',
      'answers 404 for a service without a ready pod',
    ],
    [
      containers[0]?.startupProbe?.httpGet?.path === '/ready',
      "is ready before it has the cluster's routes",
    ],
    [
      Number(held) > proxyUnknown,
      'is sent clients before the services believe what it says of them',
    ],
    [
      settings.get('ping.terminatingstatuscode') === '200',
      'is unready before the load balancer has noticed its end',
    ],
    [
      settings.has('serverstransport.forwardingtimeouts.dialtimeout') &&
        settings.has('serverstransport.forwardingtimeouts.responseheadertimeout'),
      'waits for a dead pod without end',
    ],
    [
      !retry?.status && !retry?.retryNonIdempotentMethod,
      'sends again what a pod may have done already',
    ],
    [
      ['VersionTLS12', 'VersionTLS13'].includes(tls.options.default.minVersion),
      'speaks TLS older than 1.2',
    ],
    [
      settings.get('accesslog.format') === 'json' &&
        settings.get('accesslog.fields.queryparameters.defaultmode') === 'drop' &&
        ![...settings.keys()].some((name) => name.startsWith('accesslog.fields.headers')),
      'logs what opens an order',
    ],
    ...entryPoints.flatMap((name): [boolean, string][] => {
      const transport = `entrypoints.${name}.transport`;
      const accepts = Number.parseFloat(
        settings.get(`${transport}.lifecycle.requestacceptgracetimeout`) ?? '0',
      );
      const keeps = Number.parseFloat(settings.get(`${transport}.keepalivemaxtime`) ?? '0');
      return [
        [
          accepts >= balancerNotices,
          `stops accepting on ${name} before the load balancer has noticed its end`,
        ],
        [accepts + requestsEnd < grace, `is killed while requests on ${name} are under way`],
        [
          name === 'traefik' || (keeps > 0 && keeps <= accepts - balancerNotices),
          `cuts connections on ${name} that are in use`,
        ],
      ];
    }),
  ]);
}

/**
 * Every proxy that a service believes is a name, and stands for the pods of Traefik and nobody
 * else.
 */
function proxyFindings(manifests: Manifest[]): string[] {
  const settings = ofKind(manifests, 'ConfigMap').filter(
    ({ data }) => data && 'TRUSTED_PROXIES' in data,
  );
  return settings.flatMap((map) =>
    (map.data?.TRUSTED_PROXIES ?? '').split(',').flatMap((proxy) => {
      const service = ofKind(manifests, 'Service').find(
        ({ metadata, spec }) =>
          `${metadata.name}.${metadata.namespace}.svc` === proxy &&
          spec?.clusterIP === 'None' &&
          spec.publishNotReadyAddresses,
      );
      const pods = workloads(manifests).filter(
        ({ namespace, labels }) =>
          namespace === service?.metadata.namespace &&
          selects({ matchLabels: service?.spec?.selector ?? {} }, labels),
      );
      const isTraefik =
        pods.length === 1 && pods[0]?.namespace === 'traefik' && pods[0].name === 'traefik';
      return isTraefik
        ? []
        : [`${nameOf(map)}: believes ${proxy}, which is not Traefik's pods alone`];
    }),
  );
}

function ingressFindings(ingress: Ingress & Manifest, manifests: Manifest[]): string[] {
  const { namespace = '', annotations = {} } = ingress.metadata;
  const served =
    settingsOf(manifests).get('providers.kubernetesingress.namespaces')?.split(',') ?? [];
  const bound = ofKind(manifests, 'RoleBinding').some(
    ({ metadata, subjects }) =>
      metadata.namespace === namespace && subjects?.some(({ name }) => name === 'traefik'),
  );
  const used = middlewaresOf(ingress);
  const paths = (ingress.spec?.rules ?? [])
    .flatMap(({ http }) => http?.paths ?? [])
    .map(({ path = '' }) => path);
  const tls = ingress.spec?.tls?.[0];
  const { middlewares } = routesFile(manifests).http;
  const limits = used.flatMap(
    (name) => middlewares[name.replace('@file', '')]?.rateLimit?.burst ?? [],
  );
  const [settings] = ofKind(manifests, 'ConfigMap').filter(
    ({ metadata }) => metadata.namespace === namespace && metadata.name?.startsWith('settings-'),
  );
  const limit = Number(settings?.data?.THROTTLE_LIMIT);
  return failed([
    ...userFindings(ingress, manifests, Number(settings?.data?.THROTTLE_USER_LIMIT ?? 10 * limit)),
    [limits.every((most) => most >= limit), "a limit below the services' own"],
    [
      !used.includes('ratelimit@file') ||
        used.slice(0, used.indexOf('ratelimit@file')).includes('cors@file'),
      'hides its limit from pages of other origins',
    ],
    [used.some((name) => shields.includes(name)), 'no rate limit'],
    [!used.includes('bodycap@file') || paths.join() === '/webhooks', 'no rate limit'],
    [!paths.includes('/webhooks') || limits.length === 0, 'may keep the news of a payment away'],
    [used.includes('retry@file'), 'a crashed pod is a 502 for its callers'],
    [served.includes(namespace) && bound, 'Traefik does not serve its namespace'],
    [
      (tls !== undefined) === (used[0] === 'https@file'),
      'a certificate, but plain HTTP as well, or the other way round',
    ],
    [
      !used.includes('hsts@file') || tls?.secretName !== undefined,
      'is strict with a certificate that nobody trusts',
    ],
    [
      !paths.some((path) => tokenPaths.includes(path)) ||
        annotations[`${annotation}.observability.accesslogs`] === 'false',
      'logs what opens an order',
    ],
  ]);
}

/** What is wrong with the requests to an Ingress that bear the credentials of a user. */
function userFindings(
  ingress: Ingress & Manifest,
  manifests: Manifest[],
  userLimit: number,
): [boolean, string][] {
  const { middlewares } = routesFile(manifests).http;
  const others = middlewaresOf(ingress);
  const ofUsers = others.map((name) => name.replace('@file', '').replace('ratelimit', 'userlimit'));
  return (ingress.spec?.rules ?? []).flatMap(({ host = '', http }) =>
    (http?.paths ?? [])
      .filter(({ backend }) => knowingUsers.includes(backend.service?.name ?? ''))
      .map((path): [boolean, string] => {
        const used = userMiddlewares(manifests, ingress.metadata.namespace ?? '', host, path);
        const limit = used?.flatMap((name) => middlewares[name]?.rateLimit?.burst ?? [])[0] ?? 0;
        return [
          used?.join() === ofUsers.join() && limit >= userLimit,
          `${path.path} has no route like it, but with the limit of users, for their credentials`,
        ];
      }),
  );
}
