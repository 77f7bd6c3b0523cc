import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import { type Manifest, ofKind, workloads } from './manifest.loader.ts';

/** What an Ingress controller asks the API for: kind and group of each resource. */
const resources: Record<string, { kind: string; group: string }> = {
  services: { kind: 'Service', group: '' },
  secrets: { kind: 'Secret', group: '' },
  nodes: { kind: 'Node', group: '' },
  endpointslices: { kind: 'EndpointSlice', group: 'discovery.k8s.io' },
  ingresses: { kind: 'Ingress', group: 'networking.k8s.io' },
  ingressclasses: { kind: 'IngressClass', group: 'networking.k8s.io' },
};

/** Starts to listen on a free port, or on one that is free at that address. */
export async function listen(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Some ports that are free at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map((server) => listen(server)));
  for (const server of servers) server.close();
  return ports;
}

/** What a request to the API asks for. */
interface Call {
  verb: 'list' | 'watch' | 'update';
  group: string;
  kind: string;
  /** The resource, and `/status` where it is about that. */
  resource: string;
  /** Undefined for one about the whole cluster. */
  namespace: string | undefined;
}

function callOf({ pathname, searchParams }: URL): Call {
  const path = pathname.split('/');
  const isStatus = path.at(-1) === 'status';
  const resource = path.at(isStatus ? -3 : -1) ?? '';
  const isWatch = ['1', 'true'].includes(searchParams.get('watch') ?? '');
  return {
    ...(resources[resource] ?? { kind: 'Unknown', group: 'unknown' }),
    verb: isStatus ? 'update' : isWatch ? 'watch' : 'list',
    resource: isStatus ? `${resource}/status` : resource,
    namespace: path.includes('namespaces') ? path[path.indexOf('namespaces') + 1] : undefined,
  };
}

/**
 * As much of the Kubernetes API as an Ingress controller reads: lists of the rendered objects, and
 * watches that tell of changed EndpointSlices.
 */
export class IngressApi {
  readonly server: Server;
  /** A sentence for every call that the rendered roles do not allow. */
  readonly refused = new Set<string>();
  private readonly watchers: { namespace: string | undefined; answer: ServerResponse }[] = [];
  private readonly objects: Manifest[];
  private slices: EndpointSlice[];
  private version = 1;

  constructor(objects: Manifest[], slices: EndpointSlice[]) {
    this.objects = objects;
    this.slices = slices;
    this.server = createServer((incoming, answer) => {
      const url = new URL(incoming.url ?? '', 'http://api');
      const call = callOf(url);
      if (!this.allows(call))
        this.refused.add(`Traefik may not ${call.verb} ${call.resource} in ${call.namespace}`);
      answer.setHeader('content-type', 'application/json');
      if (url.searchParams.has('sendInitialEvents')) {
        // The client falls back to a list and a watch, as with servers that do not stream lists.
        const failure = {
          kind: 'Status',
          apiVersion: 'v1',
          status: 'Failure',
          reason: 'Invalid',
          code: 422,
        };
        answer.writeHead(422).end(JSON.stringify(failure));
      } else if (call.verb === 'watch') {
        answer.writeHead(200).flushHeaders();
        if (call.kind === 'EndpointSlice')
          this.watchers.push({ namespace: call.namespace, answer });
      } else {
        answer.end(JSON.stringify(this.list(call)));
      }
    });
  }

  /**
   * Whether a binding of the cluster, or of the namespace in question, gives Traefik that right.
   */
  private allows({ verb, group, resource, namespace }: Call): boolean {
    const bindings = [
      ...ofKind(this.objects, 'ClusterRoleBinding'),
      ...ofKind(this.objects, 'RoleBinding').filter(
        ({ metadata }) => metadata.namespace === namespace,
      ),
    ].filter(({ subjects }) =>
      subjects?.some((s) => s.name === 'traefik' && s.namespace === 'traefik'),
    );
    return ofKind(this.objects, 'ClusterRole')
      .filter(({ metadata }) => bindings.some(({ roleRef }) => roleRef.name === metadata.name))
      .flatMap(({ rules }) => rules ?? [])
      .some(
        (rule) =>
          rule.apiGroups?.includes(group) &&
          rule.resources?.includes(resource) &&
          rule.verbs.includes(verb),
      );
  }

  private list({ kind, group, namespace }: Call): object {
    const items = [...this.objects, ...(this.slices as Manifest[])].filter(
      (object) => object.kind === kind && (!namespace || object.metadata.namespace === namespace),
    );
    const metadata = { resourceVersion: String(this.version) };
    return { apiVersion: group ? `${group}/v1` : 'v1', kind: `${kind}List`, metadata, items };
  }

  /** Replaces the endpoints of every Service, and tells who watches. */
  setSlices(slices: EndpointSlice[]): void {
    this.slices = slices;
    for (const slice of slices) {
      this.version += 1;
      const object = {
        ...slice,
        metadata: { ...slice.metadata, resourceVersion: String(this.version) },
      };
      for (const { namespace, answer } of this.watchers) {
        if (namespace && namespace !== slice.metadata?.namespace) continue;
        answer.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
      }
    }
  }
}

/**
 * The real Traefik with the arguments and middlewares of the rendered overlays, on loopback ports.
 */
export class Traefik {
  /** Everything that it has written. */
  log = '';
  private readonly process: ChildProcess;
  private readonly folder = mkdtempSync(join(tmpdir(), 'edge-'));

  /**
   * @param executable path
   * @param api port of the {@link IngressApi}
   * @param ports where to listen instead of the ports of the container, by these
   */
  constructor(
    executable: string,
    manifests: Manifest[],
    api: number,
    ports: ReadonlyMap<string, number>,
  ) {
    for (const map of ofKind(manifests, 'ConfigMap').filter(
      ({ metadata }) => metadata.namespace === 'traefik',
    )) {
      for (const [file, text] of Object.entries(map.data ?? {}))
        writeFileSync(join(this.folder, file), text);
    }
    const args = traefikArguments(manifests).map((argument) =>
      argument
        .replace(/address=:(\d+)/, (_, port: string) => `address=127.0.0.1:${ports.get(port)}`)
        .replace('/etc/traefik/routes', this.folder),
    );
    const outside = [`--providers.kubernetesingress.endpoint=http://127.0.0.1:${api}`];
    this.process = spawn(
      executable,
      [...args, ...outside, '--providers.kubernetesingress.token=none'],
      {
        // With somebody's KUBECONFIG it would serve that cluster instead.
        env: {},
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk) => (this.log += chunk));
  }

  /** What it has written but for the access log. */
  get complaints(): string[] {
    return this.log.split('\n').filter((line) => line && !line.includes('"ClientAddr"'));
  }

  /** Asks it to end, as the kubelet does; resolves when it has. */
  async terminate(): Promise<void> {
    await this.end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, 'exit');
    this.process.kill(signal);
    await exit;
  }
}

/** The arguments of the rendered Traefik. */
export function traefikArguments(manifests: Manifest[]): string[] {
  const rendered = workloads(manifests).find(({ namespace }) => namespace === 'traefik');
  return rendered?.template.spec?.containers[0]?.args ?? [];
}
