import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { request as requestTls } from 'node:https';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import { parse } from 'yaml';
import { CORS_HEADERS } from '#libs/http/cors.headers.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { middlewaresOf, routesFile, userMiddlewares } from './edge.settings.ts';
import { type Manifest, ofKind } from './manifest.loader.ts';
import { freePorts, IngressApi, listen, Traefik } from './traefik.runner.ts';

/** What a backend says of a request that reached it. */
interface Reached {
  service: string;
  forwardedFor: string;
}

/** A public path of an Ingress, or the same path for the credentials of users. */
interface Route {
  /** What findings call it. */
  name: string;
  host: string;
  path: string;
  /** A page behind the path. */
  page: string;
  /** What a request needs to go this way. */
  headers: Record<string, string>;
  /** `namespace/name` of its Service. */
  service: string;
  /** Whether plain HTTP only leads to HTTPS. */
  isTls: boolean;
  /** Whether pages of other origins may use it. */
  isApi: boolean;
  /** How many requests of a client pass at once; undefined for any number. */
  limit: number | undefined;
  /** The largest body that passes; undefined for any. */
  bodyLimit: number | undefined;
}

/** Where the real Traefik listens. */
interface Entrance {
  web: number;
  websecure: number;
  probes: number;
}

interface Visit {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Whether the request goes over HTTPS. */
  isTls?: boolean;
}

/** A token that opens an order of the shop, and so must not be in a log. */
const buyerToken = 'Tonnerre-de-Brest-0123456789abcd';

/** The credentials of a user, in the case that browsers do not use. */
const authorization = 'basic dGludGluOm1pbG91';

/** Every Service has two pods: a healthy one, and one in which the checks cause faults. */
const healthy = '127.0.0.1';
const faulty = '127.0.0.2';

/** The public routes: not Traefik's own, on the port of its probes. */
function routesOf(manifests: Manifest[]): Route[] {
  const { middlewares } = routesFile(manifests).http;
  const used = (names: string[]) => names.map((name) => middlewares[name.replace('@file', '')]);
  const limitOf = (names: string[]) => used(names).flatMap((one) => one?.rateLimit?.burst ?? [])[0];
  return ofKind(manifests, 'Ingress')
    .filter(({ metadata }) => metadata.namespace !== 'traefik')
    .flatMap((ingress) => {
      const { namespace = '' } = ingress.metadata;
      const names = middlewaresOf(ingress);
      return (ingress.spec?.rules ?? []).flatMap(({ host = '', http }) =>
        (http?.paths ?? []).flatMap((rule) => {
          const { path = '', pathType, backend } = rule;
          const route = {
            name: `${host}${path}`,
            host,
            path,
            page: pathType === 'Exact' ? path : `${path}/1`,
            headers: {},
            service: `${namespace}/${backend.service?.name}`,
            isTls: ingress.spec?.tls !== undefined,
            isApi: names.includes('cors@file'),
            limit: limitOf(names),
            bodyLimit: used(names).flatMap((one) => one?.buffering?.maxRequestBodyBytes ?? [])[0],
          };
          const ofUsers = userMiddlewares(manifests, namespace, host, rule);
          if (!ofUsers) return [route];
          const ofUser = {
            ...route,
            name: `${route.name} with credentials`,
            headers: { authorization },
            limit: limitOf(ofUsers),
          };
          return [route, ofUser];
        }),
      );
    });
}

/** What came back. */
type Answer = Awaited<ReturnType<typeof visit>>;

/** Sends a request to the entrance from a client address of its own. */
async function visit(
  port: number,
  client: string,
  host: string,
  path: string,
  options: Visit = {},
) {
  const { method = 'GET', headers = {}, isTls = false } = options;
  const target = {
    port,
    path,
    method,
    host: '127.0.0.1',
    localAddress: client,
    headers: { host, ...headers },
  };
  const outgoing = isTls
    ? requestTls({ ...target, agent: false, servername: host, rejectUnauthorized: false })
    : request({ ...target, agent: false });
  outgoing.end(options.body ?? (['POST', 'PATCH', 'PUT'].includes(method) ? '{}' : undefined));
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const certificate = isTls ? (answer.socket as TLSSocket).getPeerCertificate() : undefined;
  const body = (await answer.toArray()).join('');
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    certificate: certificate?.subject.CN,
    reached:
      answer.headers['content-type'] === 'application/json'
        ? (JSON.parse(body) as Reached)
        : undefined,
  };
}

/** Sends a request to a route, over HTTPS where the route has it. */
const visitRoute = (
  entrance: Entrance,
  route: Route,
  client: string,
  path: string,
  options: Visit = {},
) =>
  visit(route.isTls ? entrance.websecure : entrance.web, client, route.host, path, {
    ...options,
    headers: { ...route.headers, ...options.headers },
    isTls: route.isTls,
  });

/** The pods behind every Service: a healthy one, and one whose faults a test chooses. */
class Backends {
  /** Every request that came to a pod, by its `X-Test`, with the addresses that it came to. */
  readonly arrivals = new Map<string, string[]>();
  /**
   * Whether the faulty pods read a request and then break its connection, as a process that crashes
   * over it.
   */
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

  /** The EndpointSlices of the API when these pods are ready. */
  slices(addresses: string[]): EndpointSlice[] {
    return [...this.ports].map(([service, port]) => {
      const [namespace = '', name = ''] = service.split('/');
      return {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        endpoints: addresses.map((address) => ({
          addresses: [address],
          conditions: { ready: true, serving: true },
        })),
        ports: [{ name: 'http', port, protocol: 'TCP' }],
      };
    });
  }

  /** Stops the servers of these pods, so that connections to them are refused. */
  stop(address: string): void {
    for (const server of this.servers.get(address) ?? []) {
      server.closeAllConnections();
      server.close();
    }
    this.servers.delete(address);
  }
}

/**
 * Runs the real Traefik with the arguments, middlewares, Ingresses and Services of the rendered
 * overlays, on loopback ports, against a Kubernetes API that serves these objects, and sees where
 * requests come out.
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
  const served = [...manifests, ...certificates(manifests), ...strictIngress(manifests)];
  const api = new IngressApi(served, backends.slices([healthy]));
  const entrance = await freeEntrance();
  const process = new Traefik(traefik, manifests, await listen(api.server), portsOf(entrance));
  try {
    await eventually(async () => [200, 302].includes((await ready(entrance)).status), 15_000);
    for (const round of [tour, originTour, tlsTour, logTour])
      findings.push(...(await round(entrance, manifests, process)));
    findings.push(...(await crash(entrance, manifests, backends, api)));
    findings.push(...(await unconfigured(traefik, manifests)));
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

async function freeEntrance(): Promise<Entrance> {
  const [web = 0, websecure = 0, probes = 0] = await freePorts(3);
  return { web, websecure, probes };
}

const portsOf = ({ web, websecure, probes }: Entrance) =>
  new Map([
    ['8000', web],
    ['8443', websecure],
    ['8080', probes],
  ]);

const ready = ({ probes }: Entrance) => visit(probes, newClient(), 'localhost', '/ready');

/** The Secrets that the Ingresses name, each with a certificate of its own. */
function certificates(manifests: Manifest[]): Manifest[] {
  return ofKind(manifests, 'Ingress').flatMap(({ metadata: { namespace = '' }, spec }) =>
    (spec?.tls ?? []).map(({ secretName = '', hosts = [] }) => {
      const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
      const [key, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
      const subject = ['-subj', `/CN=${hosts[0]}`, '-addext', `subjectAltName=DNS:${hosts[0]}`];
      const ask = [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        certificate,
        ...subject,
      ];
      execFileSync('openssl', ask, { stdio: 'ignore' });
      const [tlsKey, tlsCertificate] = [key, certificate].map((file) =>
        readFileSync(file).toString('base64'),
      );
      rmSync(folder, { recursive: true });
      return {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: secretName, namespace },
        data: { 'tls.key': tlsKey, 'tls.crt': tlsCertificate },
      };
    }),
  );
}

/**
 * The Ingress of an environment with a certificate, as the component `hsts` would make it, under
 * another host.
 */
function strictIngress(manifests: Manifest[]): Manifest[] {
  const { patches } = parse(readFileSync('deploy/components/hsts/kustomization.yaml', 'utf8'));
  const [, annotation] = parse(patches[0].patch) as { value: string }[];
  return ofKind(manifests, 'Ingress')
    .filter(({ spec }) => spec?.tls)
    .map((ingress) => {
      const strict = structuredClone(ingress);
      strict.metadata.name = 'strict';
      strict.metadata.annotations = {
        'traefik.ingress.kubernetes.io/router.middlewares': annotation?.value ?? '',
      };
      for (const rule of strict.spec?.rules ?? []) rule.host = strictHost;
      return strict;
    });
}
const strictHost = 'strict.example';

let clients = 1;
/** A loopback address that was no client yet, so that no bucket is half empty. */
function newClient(): string {
  clients += 1;
  return `127.1.${clients >> 8}.${clients & 255}`;
}

async function tour(entrance: Entrance, manifests: Manifest[]): Promise<string[]> {
  const findings: string[] = [];
  const want = (holds: boolean, problem: string) => {
    if (!holds) findings.push(problem);
  };
  const { web, probes } = entrance;
  for (const route of routesOf(manifests)) {
    const { name, page, service } = route;
    const client = newClient();
    const forged = { headers: { 'x-forwarded-for': '203.0.113.9' } };
    const { reached } = await visitRoute(entrance, route, client, page, forged);
    want(reached?.service === service, `${name} leads to ${reached?.service}, not to ${service}`);
    want(
      isIPv4(reached?.forwardedFor ?? '') && reached?.forwardedFor === client,
      `${name} believes a forged address`,
    );
    findings.push(...(await limits(entrance, route)));
  }
  for (const route of new Map(routesOf(manifests).map((r) => [r.host, r])).values()) {
    const { status } = await visitRoute(entrance, route, newClient(), '/metrics');
    want(status === 404, `${route.host}/metrics is public`);
  }
  want(
    (await visit(web, newClient(), 'elsewhere.example', '/users')).status === 404,
    'a foreign host is served',
  );
  want(
    (await visit(web, newClient(), 'localhost', '/dashboard/')).status === 404,
    'the dashboard is public',
  );
  want((await visit(web, newClient(), 'localhost', '/ready')).status === 404, '/ready is public');
  want((await visit(probes, newClient(), 'localhost', '/ping')).status === 200, 'no /ping');
  want(
    (await visit(probes, newClient(), 'localhost', '/dashboard/')).status === 404,
    'the dashboard is on',
  );
  return findings;
}

/**
 * Checks that a path has its limit, that each client has a limit of its own, and that a body which
 * is too large is refused.
 */
async function limits(entrance: Entrance, route: Route): Promise<string[]> {
  const { name, page, limit, bodyLimit } = route;
  const findings: string[] = [];
  const client = newClient();
  const get = async (visitor: string) => await visitRoute(entrance, route, visitor, page);
  // A bucket goes on filling while it is emptied.
  const most = limit === undefined ? 150 : limit * 2;
  let passed = 0;
  let answer = await get(client);
  while (answer.status === 200 && passed < most) {
    passed += 1;
    answer = await get(client);
  }
  if (limit === undefined && passed < most)
    findings.push(`${name} limits, at request ${passed + 1}`);
  if (limit !== undefined) {
    if (passed < limit) findings.push(`${name} limits at request ${passed + 1}, not ${limit + 1}`);
    const refused = answer.status === 429 && Number(answer.headers['retry-after']) > 0;
    if (!refused || passed > limit * 1.5)
      findings.push(`${name} lets ${passed} requests pass, not ${limit}`);
    if ((await get(newClient())).status !== 200) findings.push(`${name} counts clients together`);
  }
  for (const [size, status] of bodyLimit === undefined
    ? []
    : ([
        [bodyLimit, 200],
        [bodyLimit + 1, 413],
      ] as const)) {
    const options = { method: 'POST', body: 'x'.repeat(size) };
    const given = (await visitRoute(entrance, route, newClient(), page, options)).status;
    if (given !== status) findings.push(`${name} answers ${given} to ${size} bytes`);
  }
  return findings;
}

/** What a page may read of an answer of a service, which Traefik's own field takes the place of. */
const EXPOSED = CORS_HEADERS['access-control-expose-headers'].split(', ');

/**
 * Checks that pages of other origins are allowed what they may do, are told when they ask too
 * often, and that their preflights count nowhere. Only the API is for them.
 */
async function originTour(entrance: Entrance, manifests: Manifest[]): Promise<string[]> {
  const findings: string[] = [];
  const origin = { origin: 'https://elsewhere.example' };
  for (const route of routesOf(manifests).filter(({ limit }) => limit !== undefined)) {
    const { name, page, limit = 0, isApi } = route;
    const client = newClient();
    const want = (holds: boolean, problem: string) => {
      if (!holds) findings.push(`${name}: ${problem}`);
    };
    const isShared = ({ headers }: Answer) => {
      const exposed = String(headers['access-control-expose-headers']).toLowerCase();
      return (
        headers['access-control-allow-origin'] === '*' &&
        headers['access-control-allow-credentials'] === undefined &&
        EXPOSED.every((field) => exposed.split(/, ?/).includes(field))
      );
    };
    const get = () => visitRoute(entrance, route, client, page, { headers: origin });
    // A browser sends no credentials with a preflight.
    const preflight = () =>
      visitRoute(entrance, { ...route, headers: {} }, client, page, {
        method: 'OPTIONS',
        headers: { ...origin, 'access-control-request-method': 'PATCH' },
      });
    if (!isApi) {
      const { headers } = await get();
      want(headers['access-control-allow-origin'] === undefined, 'is for pages of any origin');
      continue;
    }
    for (let i = 0; i < 15; i += 1) {
      const { status, headers, reached } = await preflight();
      const methods = String(headers['access-control-allow-methods']);
      const fields = String(headers['access-control-allow-headers']).toLowerCase();
      want(status === 200 && reached === undefined, `answers ${status} to preflight ${i + 1}`);
      want(headers['access-control-allow-origin'] === '*', 'allows a page nothing');
      want(/\bPATCH\b/.test(methods) && !/\*/.test(methods), `allows a page ${methods}`);
      want(
        ['authorization', 'content-type', 'if-match', 'if-none-match'].every((field) =>
          fields.split(',').includes(field),
        ),
        `allows a page ${fields}`,
      );
    }
    want(isShared(await get()), 'hides its answer');
    let last = await get();
    for (let i = 0; i < limit * 2 && last.status === 200; i += 1) last = await get();
    want(last.status === 429 && isShared(last), 'hides its 429');
  }
  return findings;
}

/**
 * Checks HTTPS: which routes redirect to it, their certificate, the oldest version of TLS, and
 * HSTS.
 */
async function tlsTour(entrance: Entrance, manifests: Manifest[]): Promise<string[]> {
  const findings: string[] = [];
  const { web, websecure } = entrance;
  for (const route of routesOf(manifests)) {
    const { name, host, page, headers, isTls } = route;
    const secure = await visit(websecure, newClient(), host, page, { headers, isTls: true });
    const certificate = isTls ? host : 'TRAEFIK DEFAULT CERT';
    if (secure.certificate !== certificate)
      findings.push(`${host} shows the certificate of ${secure.certificate}`);
    if (secure.headers['strict-transport-security'])
      findings.push(`${name} is strict without the component`);
    if (!isTls) continue;
    const plain = await visit(web, newClient(), host, page, { headers });
    const isLed =
      [301, 308].includes(plain.status) && plain.headers.location === `https://${host}${page}`;
    if (!isLed) findings.push(`${name} answers ${plain.status} by plain HTTP`);
    for (const version of ['TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const) {
      if ((await speaks(websecure, host, version)) !== (version !== 'TLSv1.1'))
        findings.push(`${host}: ${version}`);
    }
  }
  const strict = await visit(websecure, newClient(), strictHost, '/quotes', { isTls: true });
  if (strict.headers['strict-transport-security'] !== 'max-age=31536000')
    findings.push('the component hsts is not');
  const plain = await visit(web, newClient(), strictHost, '/quotes');
  if (plain.headers['strict-transport-security'])
    findings.push('plain HTTP says Strict-Transport-Security');
  return findings;
}

/** Whether a handshake in that version of TLS succeeds. */
function speaks(
  port: number,
  servername: string,
  version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3',
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername,
      minVersion: version,
      maxVersion: version,
      // Otherwise OpenSSL refuses the old versions itself.
      ciphers: 'DEFAULT@SECLEVEL=0',
      rejectUnauthorized: false,
    });
    socket.on('secureConnect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('secureConnect', () => socket.destroy());
  });
}

/** Checks that the access log is JSON, and that no token of a buyer is in any field of it. */
async function logTour(
  { web }: Entrance,
  manifests: Manifest[],
  process: Traefik,
): Promise<string[]> {
  const shop = routesOf(manifests).find(({ path }) => path === '/your-order');
  const { host = '' } = shop ?? {};
  const paths = [
    `/your-order/${buyerToken}`,
    `/demo-checkout/${buyerToken}`,
    `/stripe-test?order=${buyerToken}`,
  ];
  for (const path of [...paths, '/cart/last']) {
    const { status } = await visit(web, newClient(), host, path, {
      headers: { referer: `/your-order/${buyerToken}` },
    });
    if (status !== 200) return [`${host}${path} answers ${status}`];
  }
  const line = await eventually(
    () => process.log.split('\n').find((text) => text.includes('/cart/last')) ?? false,
  );
  const { RequestPath: path, ClientHost: client } = JSON.parse(line);
  return [
    ...(path === '/cart/last' && isIPv4(client)
      ? []
      : ['the access log does not tell who asked for what']),
    ...(process.log.includes(buyerToken) ? ["the access log holds a buyer's token"] : []),
  ];
}

/** Checks that a Traefik which cannot reach the cluster's API is not ready. */
async function unconfigured(traefik: string, manifests: Manifest[]): Promise<string[]> {
  const silent = createServer();
  const entrance = await freeEntrance();
  const process = new Traefik(traefik, manifests, await listen(silent), portsOf(entrance));
  try {
    await eventually(
      async () => (await visit(entrance.probes, newClient(), 'localhost', '/ping')).status === 200,
    );
    const { status } = await ready(entrance);
    return status === 404 ? [] : [`Traefik is ready without routes: ${status}`];
  } finally {
    await process.kill();
    silent.closeAllConnections();
    silent.close();
  }
}

/**
 * What callers see while one of two pods breaks connections, then while it is gone, then while no
 * pod is ready.
 */
async function crash(
  entrance: Entrance,
  manifests: Manifest[],
  backends: Backends,
  api: IngressApi,
): Promise<string[]> {
  const routes = routesOf(manifests);
  let tests = 0;
  const attempt: Attempt = async (route, method) => {
    tests += 1;
    const options = { method, headers: { 'x-test': String(tests) } };
    const { status } = await visitRoute(entrance, route, newClient(), route.page, options);
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

/** Checks that no request that a pod has read goes to another pod, and no write is sent twice. */
async function besideBreaking(routes: Route[], attempt: Attempt): Promise<string[]> {
  const findings: string[] = [];
  const cases = routes.flatMap((route) =>
    ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'].map((method) => ({ route, method })),
  );
  for (const { route, method } of cases) {
    const answers = await attempts(attempt, route, method);
    const name = `${method} ${route.name}`;
    const met = answers.filter(
      ({ status, arrivals }) => status === 502 && arrivals.includes(faulty),
    );
    if (met.length === 0) findings.push(`${name} did not meet the pod that crashes over it`);
    for (const { arrivals } of answers) {
      if (new Set(arrivals).size !== 1) findings.push(`${name} came to one pod after another`);
      // A read that meets a connection just closed is sent to the same pod again, by Go's own
      // client.
      if (method !== 'GET' && arrivals.length !== 1)
        findings.push(`${name} arrived ${arrivals.length} times`);
    }
  }
  return findings;
}

/** Checks that every request is answered while one of two pods is gone. */
async function besideGone(routes: Route[], attempt: Attempt): Promise<string[]> {
  const findings: string[] = [];
  const cases = routes.flatMap((route) =>
    ['GET', 'POST', 'DELETE'].map((method) => ({ route, method })),
  );
  for (const { route, method } of cases) {
    for (const { status, arrivals } of await attempts(attempt, route, method)) {
      const name = `${method} ${route.name}`;
      if (status !== 200) findings.push(`${name}: ${status} beside a pod that is gone`);
      else if (arrivals.length !== 1) findings.push(`${name} arrived ${arrivals.length} times`);
    }
  }
  return findings;
}

/** Checks that a route without a ready pod answers 503, not 404. */
async function withoutPods(routes: Route[], attempt: Attempt): Promise<string[]> {
  const findings: string[] = [];
  for (const route of routes) {
    const refusal = async () => {
      const { status } = await attempt(route, 'GET');
      return [404, 503].includes(status) && status;
    };
    const status = await eventually(refusal, 15_000);
    if (status !== 503) findings.push(`${route.name} is ${status} without a ready pod`);
  }
  return findings;
}
