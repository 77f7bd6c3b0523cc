import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#libs/testing/eventually.ts';
import { type Manifest, ofKind, workloads } from './manifest.loader.ts';

/** What a backend says of a request that reached it. */
interface Reached {
  service: string;
  forwardedFor: string;
}

/** What an Ingress controller asks the API for: kind and group of each resource. */
const resources: Record<string, { kind: string; group: string }> = {
  services: { kind: 'Service', group: '' },
  secrets: { kind: 'Secret', group: '' },
  nodes: { kind: 'Node', group: '' },
  endpointslices: { kind: 'EndpointSlice', group: 'discovery.k8s.io' },
  ingresses: { kind: 'Ingress', group: 'networking.k8s.io' },
  ingressclasses: { kind: 'IngressClass', group: 'networking.k8s.io' },
};

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/**
 * As much of the Kubernetes API as an Ingress controller reads: lists of the rendered objects, and watches that never say anything.
 * @param refused gets a sentence for every call that the rendered ClusterRole does not allow
 */
function kubernetesApi(objects: Manifest[], refused: (sentence: string) => void): Server {
  const rules = ofKind(objects, 'ClusterRole').flatMap((role) => role.rules ?? []);
  return createServer((incoming, answer) => {
    const url = new URL(incoming.url ?? '', 'http://api');
    const path = url.pathname.split('/');
    const isStatus = path.at(-1) === 'status';
    const resource = path.at(isStatus ? -3 : -1) ?? '';
    const { kind, group } = resources[resource] ?? { kind: 'Unknown', group: 'unknown' };
    const isWatch = url.searchParams.get('watch') === '1' || url.searchParams.get('watch') === 'true';
    const verb = isStatus ? 'update' : isWatch ? 'watch' : 'list';
    const asked = isStatus ? `${resource}/status` : resource;
    const allowed = rules.some(
      (rule) => rule.apiGroups?.includes(group) && rule.resources?.includes(asked) && rule.verbs.includes(verb),
    );
    if (!allowed) refused(`Traefik may not ${verb} ${asked}`);
    answer.setHeader('content-type', 'application/json');
    if (url.searchParams.has('sendInitialEvents')) {
      // The client falls back to a list and a watch, as with servers that do not stream lists.
      const failure = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Invalid', code: 422 };
      answer.writeHead(422).end(JSON.stringify(failure));
    } else if (isWatch) {
      answer.writeHead(200).flushHeaders();
    } else {
      const items = objects.filter((object) => object.kind === kind);
      const apiVersion = group ? `${group}/v1` : 'v1';
      answer.end(JSON.stringify({ apiVersion, kind: `${kind}List`, metadata: { resourceVersion: '1' }, items }));
    }
  });
}

/** Sends a request to the entrance from a client address of its own. */
async function visit(port: number, client: string, host: string, path: string, forwarded?: string) {
  const outgoing = request({
    port,
    path,
    host: '127.0.0.1',
    localAddress: client,
    agent: false,
    headers: { host, ...(forwarded && { 'x-forwarded-for': forwarded }) },
  });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const body = (await answer.toArray()).join('');
  return {
    status: answer.statusCode ?? 0,
    retryAfter: answer.headers['retry-after'],
    reached: answer.headers['content-type'] === 'application/json' ? (JSON.parse(body) as Reached) : undefined,
  };
}

/**
 * Runs the real Traefik with the arguments, middlewares, Ingresses and Services of the rendered overlays, on loopback ports, against a Kubernetes API that
 * serves these objects, and sees where requests come out.
 * @param traefik path of its executable
 */
export async function checkEdge(traefik: string, manifests: Manifest[]): Promise<string[]> {
  const findings: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'edge-'));
  const servers: Server[] = [];
  const start = async (server: Server) => {
    servers.push(server);
    return await listen(server);
  };
  try {
    const slices = [];
    for (const service of ofKind(manifests, 'Service').filter(({ spec }) => spec?.ports?.[0]?.name === 'http')) {
      const { name = '', namespace = '' } = service.metadata;
      const port = await start(
        createServer((incoming, answer) => {
          const forwardedFor = String(incoming.headers['x-forwarded-for']);
          answer.setHeader('content-type', 'application/json');
          answer.end(JSON.stringify({ service: `${namespace}/${name}`, forwardedFor } satisfies Reached));
        }),
      );
      slices.push({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true, serving: true } }],
        ports: [{ name: 'http', port, protocol: 'TCP' }],
      });
    }
    const api = await start(kubernetesApi([...manifests, ...slices], (sentence) => findings.push(sentence)));
    for (const map of ofKind(manifests, 'ConfigMap').filter(({ metadata }) => metadata.namespace === 'traefik')) {
      for (const [file, text] of Object.entries(map.data ?? {})) writeFileSync(join(folder, file), text);
    }
    const ports: Record<string, number> = {};
    for (const original of ['8000', '8443', '8080']) {
      const server = createServer();
      ports[original] = await listen(server);
      server.close();
    }
    const rendered = workloads(manifests).find(({ namespace }) => namespace === 'traefik');
    const args = (rendered?.template.spec?.containers[0]?.args ?? []).map((argument) =>
      argument
        .replace(/address=:(\d+)/, (_, port: string) => `address=127.0.0.1:${ports[port]}`)
        .replace('/etc/traefik/routes', folder),
    );
    const process = spawn(
      traefik,
      [
        ...args,
        `--providers.kubernetesingress.endpoint=http://127.0.0.1:${api}`,
        '--providers.kubernetesingress.token=none',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let log = '';
    process.stdout.on('data', (chunk) => (log += chunk));
    process.stderr.on('data', (chunk) => (log += chunk));
    try {
      findings.push(...(await tour(ports, manifests)));
    } catch (error) {
      findings.push(`${error}`, ...log.split('\n').filter((line) => !line.includes('"ClientAddr"')));
    } finally {
      process.kill('SIGKILL');
      await once(process, 'exit');
    }
  } finally {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true });
  }
  return [...new Set(findings)];
}

async function tour(ports: Record<string, number>, manifests: Manifest[]): Promise<string[]> {
  const findings: string[] = [];
  const want = (holds: boolean, problem: string) => {
    if (!holds) findings.push(problem);
  };
  const web = ports['8000'] ?? 0;
  let clients = 1;
  /** A loopback address that was no client yet, so that no bucket is half empty. */
  const newClient = () => {
    clients += 1;
    return `127.1.${clients >> 8}.${clients & 255}`;
  };
  for (const ingress of ofKind(manifests, 'Ingress')) {
    for (const { host = '', http } of ingress.spec?.rules ?? []) {
      for (const { path = '', pathType, backend } of http?.paths ?? []) {
        const expected = `${ingress.metadata.namespace}/${backend.service?.name}`;
        const page = pathType === 'Exact' ? path : `${path}/1`;
        await eventually(async () => (await visit(web, newClient(), host, page)).status === 200, 15_000);
        const client = newClient();
        const { reached } = await visit(web, client, host, page, '203.0.113.9');
        want(reached?.service === expected, `${host}${path} leads to ${reached?.service}, not to ${expected}`);
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
      want((await visit(web, newClient(), host, '/metrics')).status === 404, `${host}/metrics is public`);
    }
  }
  want((await visit(web, newClient(), 'elsewhere.example', '/users')).status === 404, 'a foreign host is served');
  want((await visit(web, newClient(), 'localhost', '/dashboard/')).status === 404, 'the dashboard is public');
  const probes = ports['8080'] ?? 0;
  want((await visit(probes, newClient(), 'localhost', '/ping')).status === 200, 'no /ping');
  want((await visit(probes, newClient(), 'localhost', '/dashboard/')).status === 404, 'the dashboard is on');
  return findings;
}
