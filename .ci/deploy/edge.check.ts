import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { isIPv4 } from 'node:net';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import { parse } from 'yaml';
import { eventually } from '#libs/testing/eventually.ts';
import { type Manifest, ofKind } from './manifest.loader.ts';
import { freePorts, IngressApi, listen, Traefik, traefikArguments } from './traefik.runner.ts';

/** What a backend says of a request that reached it. */
interface Reached {
  service: string;
  forwardedFor: string;
}

/** A public path of an Ingress. */
interface Route {
  host: string;
  path: string;
  /** A page behind the path. */
  page: string;
  /** `namespace/name` of its Service. */
  service: string;
}

/** How long a load balancer that asks every 5 s may go on sending connections to a pod that ends, in seconds. */
const balancerNotices = 20;
/** What Traefik gives requests under way when it has stopped accepting, unless told otherwise, in seconds. */
const requestsEnd = 10;

/** Address of the healthy pod of every Service, and of the one that the faults come to. */
const healthy = '127.0.0.1';
const faulty = '127.0.0.2';

const routesOf = (manifests: Manifest[]): Route[] =>
  ofKind(manifests, 'Ingress').flatMap(({ metadata, spec }) =>
    (spec?.rules ?? []).flatMap(({ host = '', http }) =>
      (http?.paths ?? []).map(({ path = '', pathType, backend }) => ({
        host,
        path,
        page: pathType === 'Exact' ? path : `${path}/1`,
        service: `${metadata.namespace}/${backend.service?.name}`,
      })),
    ),
  );

/** Sends a request to the entrance from a client address of its own. */
async function visit(
  port: number,
  client: string,
  host: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
) {
  const outgoing = request({
    port,
    path,
    method,
    host: '127.0.0.1',
    localAddress: client,
    agent: false,
    headers: { host, ...headers },
  });
  outgoing.end(method === 'GET' || method === 'DELETE' ? undefined : '{}');
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const body = (await answer.toArray()).join('');
  return {
    status: answer.statusCode ?? 0,
    retryAfter: answer.headers['retry-after'],
    reached: answer.headers['content-type'] === 'application/json' ? (JSON.parse(body) as Reached) : undefined,
  };
}

/** The pods behind every Service: a healthy one, and one whose faults a test chooses. */
class Backends {
  /** Every request that came to a pod, by its `X-Test`, with the addresses that it came to. */
  readonly arrivals = new Map<string, string[]>();
  /** Whether the faulty pods read a request and then break its connection, as a process that crashes over it. */
  breaks = false;
  private readonly servers = new Map<string, Server[]>();
  private readonly ports = new Map<string, number>();

  async start(services: string[]): Promise<void> {
    for (const service of services) {
      for (const address of [healthy, faulty]) {
        const server = createServer(async (incoming, answer) => {
          await incoming.toArray();
          const test = String(incoming.headers['x-test']);
          this.arrivals.set(test, [...(this.arrivals.get(test) ?? []), address]);
          if (address === faulty && this.breaks) {
            incoming.socket.destroy();
            return;
          }
          const forwardedFor = String(incoming.headers['x-forwarded-for']);
          answer.setHeader('content-type', 'application/json');
          answer.end(JSON.stringify({ service, forwardedFor } satisfies Reached));
        });
        this.ports.set(service, await listen(server, address, this.ports.get(service)));
        this.servers.set(address, [...(this.servers.get(address) ?? []), server]);
      }
    }
  }

  /** What the API says when these pods are ready. */
  slices(addresses: string[]): EndpointSlice[] {
    return [...this.ports].map(([service, port]) => {
      const [namespace = '', name = ''] = service.split('/');
      return {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true, serving: true } })),
        ports: [{ name: 'http', port, protocol: 'TCP' }],
      };
    });
  }

  /** Nobody listens any more where these pods were. */
  stop(address: string): void {
    for (const server of this.servers.get(address) ?? []) {
      server.closeAllConnections();
      server.close();
    }
    this.servers.delete(address);
  }
}

/** What Traefik's settings must say, as far as it shows without running it; as sentences. */
export function checkEdgeSettings(manifests: Manifest[]): string[] {
  const settings = new Map(
    traefikArguments(manifests).map((argument) => argument.slice(2).split('=', 2) as [string, string]),
  );
  const [deployment] = ofKind(manifests, 'Deployment').filter(({ metadata }) => metadata.namespace === 'traefik');
  const grace = deployment?.spec?.template.spec?.terminationGracePeriodSeconds ?? 30;
  const [routes] = ofKind(manifests, 'ConfigMap').filter(({ metadata }) => metadata.namespace === 'traefik');
  const { retry } = parse(routes?.data?.['middlewares.yaml'] ?? '').http.middlewares.retry;
  const entryPoints = [...settings.keys()].flatMap((name) => /^entrypoints\.(\w+)\.address$/.exec(name)?.[1] ?? []);
  const problems: [boolean, string][] = [
    [
      settings.get('providers.kubernetesingress.allowemptyservices') === 'true',
      'answers 404 for a service without a ready pod',
    ],
    [settings.get('ping.terminatingstatuscode') === '200', 'is unready before the load balancer has noticed its end'],
    [
      settings.has('serverstransport.forwardingtimeouts.dialtimeout') &&
        settings.has('serverstransport.forwardingtimeouts.responseheadertimeout'),
      'waits for a dead pod without end',
    ],
    [retry.status === undefined && !retry.retryNonIdempotentMethod, 'sends again what a pod may have done already'],
    ...entryPoints.flatMap((name): [boolean, string][] => {
      const transport = `entrypoints.${name}.transport`;
      const accepts = Number.parseFloat(settings.get(`${transport}.lifecycle.requestacceptgracetimeout`) ?? '0');
      const keeps = Number.parseFloat(settings.get(`${transport}.keepalivemaxtime`) ?? '0');
      return [
        [accepts >= balancerNotices, `stops accepting on ${name} before the load balancer has noticed its end`],
        [accepts + requestsEnd < grace, `is killed while requests on ${name} are under way`],
        [
          name === 'traefik' || (keeps > 0 && keeps <= accepts - balancerNotices),
          `cuts connections on ${name} that are in use`,
        ],
      ];
    }),
  ];
  return problems.filter(([holds]) => !holds).map(([, problem]) => `Traefik ${problem}`);
}

/**
 * Runs the real Traefik with the arguments, middlewares, Ingresses and Services of the rendered overlays, on loopback ports, against a Kubernetes API that
 * serves these objects, and sees where requests come out.
 * @param traefik path of its executable
 */
export async function checkEdge(traefik: string, manifests: Manifest[]): Promise<string[]> {
  const findings: string[] = [];
  const backends = new Backends();
  await backends.start(
    ofKind(manifests, 'Service')
      .filter(({ spec }) => spec?.ports?.[0]?.name === 'http')
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  );
  const api = new IngressApi(manifests, backends.slices([healthy]));
  const [web = 0, websecure = 0, probes = 0] = await freePorts(3);
  const ports = new Map([
    ['8000', web],
    ['8443', websecure],
    ['8080', probes],
  ]);
  const process = new Traefik(traefik, manifests, await listen(api.server), ports);
  try {
    findings.push(...(await tour(web, probes, manifests)));
    findings.push(...(await crash(web, manifests, backends, api)));
  } catch (error) {
    findings.push(`${error}`, ...process.complaints);
  } finally {
    await process.kill();
    backends.stop(healthy);
    backends.stop(faulty);
    api.server.closeAllConnections();
    api.server.close();
  }
  return [...new Set([...api.refused, ...findings])];
}

let clients = 1;
/** A loopback address that was no client yet, so that no bucket is half empty. */
function newClient(): string {
  clients += 1;
  return `127.1.${clients >> 8}.${clients & 255}`;
}

async function tour(web: number, probes: number, manifests: Manifest[]): Promise<string[]> {
  const findings: string[] = [];
  const want = (holds: boolean, problem: string) => {
    if (!holds) findings.push(problem);
  };
  for (const { host, path, page, service } of routesOf(manifests)) {
    await eventually(async () => (await visit(web, newClient(), host, page)).status === 200, 15_000);
    const client = newClient();
    const { reached } = await visit(web, client, host, page, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    want(reached?.service === service, `${host}${path} leads to ${reached?.service}, not to ${service}`);
    want(
      isIPv4(reached?.forwardedFor ?? '') && reached?.forwardedFor === client,
      `${host}${path} believes a forged address`,
    );
    const statuses = [];
    for (let i = 0; i < 10; i += 1) statuses.push(await visit(web, client, host, path));
    const last = statuses.at(-1);
    want(
      statuses.slice(0, -1).every(({ status }) => status === 200),
      `${host}${path} limits before the 11th request`,
    );
    want(last?.status === 429 && Number(last.retryAfter) > 0, `${host}${path} lets the 11th request pass`);
    want((await visit(web, newClient(), host, path)).status === 200, `${host}${path} counts clients together`);
  }
  for (const host of new Set(routesOf(manifests).map(({ host }) => host))) {
    want((await visit(web, newClient(), host, '/metrics')).status === 404, `${host}/metrics is public`);
  }
  want((await visit(web, newClient(), 'elsewhere.example', '/users')).status === 404, 'a foreign host is served');
  want((await visit(web, newClient(), 'localhost', '/dashboard/')).status === 404, 'the dashboard is public');
  want((await visit(probes, newClient(), 'localhost', '/ping')).status === 200, 'no /ping');
  want((await visit(probes, newClient(), 'localhost', '/dashboard/')).status === 404, 'the dashboard is on');
  return findings;
}

/** What callers see while one of two pods breaks connections, then while it is gone, then while no pod is ready. */
async function crash(web: number, manifests: Manifest[], backends: Backends, api: IngressApi): Promise<string[]> {
  const routes = routesOf(manifests);
  let tests = 0;
  const attempt: Attempt = async ({ host, page }, method) => {
    tests += 1;
    const { status } = await visit(web, newClient(), host, page, { method, headers: { 'x-test': String(tests) } });
    return { status, arrivals: backends.arrivals.get(String(tests)) ?? [] };
  };
  api.setSlices(backends.slices([healthy, faulty]));
  for (const route of routes) {
    await eventually(async () => (await attempt(route, 'GET')).arrivals.includes(faulty), 15_000);
  }
  backends.breaks = true;
  const broken = await besideBreaking(routes, attempt);
  backends.stop(faulty);
  const gone = await besideGone(routes, attempt);
  api.setSlices(backends.slices([]));
  return [...broken, ...gone, ...(await withoutPods(routes, attempt))];
}

/** Sends a request, and tells its status and the addresses of the pods that it came to. */
type Attempt = (route: Route, method: string) => Promise<{ status: number; arrivals: string[] }>;

/** Twice as many requests as there are pods, one after the other, so that each pod is tried. */
async function attempts(attempt: Attempt, route: Route, method: string) {
  const answers = [];
  for (let i = 0; i < 4; i += 1) answers.push(await attempt(route, method));
  return answers;
}

/** Nothing that a pod has read is sent to another one, and no write is sent twice. */
async function besideBreaking(routes: Route[], attempt: Attempt): Promise<string[]> {
  const findings: string[] = [];
  const cases = routes.flatMap((route) =>
    ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'].map((method) => ({ route, method })),
  );
  for (const { route, method } of cases) {
    const answers = await attempts(attempt, route, method);
    const name = `${method} ${route.host}${route.path}`;
    const met = answers.filter(({ status, arrivals }) => status === 502 && arrivals.includes(faulty));
    if (met.length === 0) findings.push(`${name} did not meet the pod that crashes over it`);
    for (const { arrivals } of answers) {
      if (new Set(arrivals).size !== 1) findings.push(`${name} came to one pod after another`);
      // A read that meets a connection just closed is sent to the same pod again, by Go's own client.
      if (method !== 'GET' && arrivals.length !== 1) findings.push(`${name} arrived ${arrivals.length} times`);
    }
  }
  return findings;
}

/** Nobody notices that a pod is gone. */
async function besideGone(routes: Route[], attempt: Attempt): Promise<string[]> {
  const findings: string[] = [];
  const cases = routes.flatMap((route) => ['GET', 'POST', 'DELETE'].map((method) => ({ route, method })));
  for (const { route, method } of cases) {
    for (const { status, arrivals } of await attempts(attempt, route, method)) {
      const name = `${method} ${route.host}${route.path}`;
      if (status !== 200) findings.push(`${name}: ${status} beside a pod that is gone`);
      else if (arrivals.length !== 1) findings.push(`${name} arrived ${arrivals.length} times`);
    }
  }
  return findings;
}

/** Without a ready pod every route is unavailable, and does not look as if it had never been. */
async function withoutPods(routes: Route[], attempt: Attempt): Promise<string[]> {
  const findings: string[] = [];
  for (const route of routes) {
    const refusal = async () => {
      const { status } = await attempt(route, 'GET');
      return [404, 503].includes(status) && status;
    };
    const status = await eventually(refusal, 15_000);
    if (status !== 503) findings.push(`${route.host}${route.path} is ${status} without a ready pod`);
  }
  return findings;
}
