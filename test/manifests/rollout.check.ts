import { once } from 'node:events';
import { Agent, createServer as createHttpServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Probe } from 'kubernetes-types/core/v1';
import { eventually } from '#libs/testing/eventually.ts';
import { type Manifest, ofKind } from './manifest.loader.ts';
import { freePorts, IngressApi, listen, Traefik } from './traefik.runner.ts';

/**
 * How often the load balancer asks each node, in milliseconds, and how many failures take a node
 * out.
 */
const checkEvery = 5000;
const checkFailures = 3;

/**
 * Clients that hold a connection, and the pause between two of their requests: Traefik's limit is
 * ten a minute.
 */
const keepers = 20;
const keeperPause = 6500;
/** Pause between two clients that come for one request. */
const passerPause = 25;

/**
 * One replica of Traefik on a node of its own, as kubelet, kube-proxy and the load balancer see it.
 */
class Replica {
  /** Whether the load balancer sends connections to the node. */
  isIn = false;
  readonly ended: Promise<void>;
  private isEnding = false;
  private isReady = false;
  private failedChecks = 0;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly traefik: Traefik;
  private readonly ports: ReadonlyMap<string, number>;
  private readonly grace: number;
  private readonly end = Promise.withResolvers<void>();

  constructor(
    traefik: Traefik,
    ports: ReadonlyMap<string, number>,
    startup: Probe,
    readiness: Probe,
    grace: number,
  ) {
    this.traefik = traefik;
    this.ports = ports;
    this.grace = grace;
    this.ended = this.end.promise;
    const passes = async ({ httpGet, timeoutSeconds = 1 }: Probe) => {
      const url = `http://127.0.0.1:${ports.get('8080')}${httpGet?.path}`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000) }).catch(
        () => undefined,
      );
      return answer?.ok === true;
    };
    let failures = 0;
    const probe = async () => {
      const passed = await passes(readiness);
      failures = passed ? 0 : failures + 1;
      if (passed) this.isReady = true;
      else if (failures >= (readiness.failureThreshold ?? 3)) this.isReady = false;
    };
    // As the kubelet: nothing else is asked before the pod has started.
    let isStarted = false;
    const start = async () => {
      if (isStarted || !(await passes(startup)) || isStarted) return;
      isStarted = true;
      clearInterval(starting);
      this.timers.push(setInterval(() => void probe(), (readiness.periodSeconds ?? 10) * 1000));
    };
    const starting = setInterval(() => void start(), (startup.periodSeconds ?? 10) * 1000);
    this.timers.push(starting);
    this.timers.push(setInterval(() => this.check(), checkEvery));
  }

  /** Opens a connection to the pod, with the client's own address, if the node lets it through. */
  connect(client: string): Socket | undefined {
    // An ending pod that is ready gets connections as long as its node has no other one.
    if (!this.isReady) return undefined;
    return connect({ host: '127.0.0.1', port: this.ports.get('8000') ?? 0, localAddress: client });
  }

  /** Resolves when pod and load balancer are ready. */
  async available(): Promise<void> {
    await eventually(() => this.isReady, 60_000, 50);
  }

  /**
   * Ends the pod as the kubelet does: a signal, and another one that it cannot refuse when its time
   * is over.
   */
  terminate(): void {
    this.isEnding = true;
    this.timers.push(setTimeout(() => void this.traefik.kill(), this.grace));
    void this.traefik.terminate().then(() => this.stop());
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.isReady = false;
    await this.traefik.kill();
    this.end.resolve();
  }

  /**
   * What kube-proxy answers the load balancer: whether the node has a pod that is ready and not
   * ending.
   */
  private check(): void {
    const isHealthy = this.isReady && !this.isEnding;
    this.failedChecks = isHealthy ? 0 : this.failedChecks + 1;
    if (isHealthy) this.isIn = true;
    else if (this.failedChecks >= checkFailures) this.isIn = false;
  }
}

/** Sends each connection to the next node that is in. A connection stays where it is. */
function loadBalancer(replicas: Replica[]): Server {
  let turn = 0;
  return createServer((client) => {
    const nodes = replicas.filter(({ isIn }) => isIn);
    turn += 1;
    const onward = nodes[turn % nodes.length]?.connect(client.remoteAddress ?? '');
    if (!onward) {
      client.resetAndDestroy();
      return;
    }
    onward.on('error', () => client.resetAndDestroy());
    client.on('error', () => onward.destroy());
    client.on('close', () => onward.destroy());
    client.pipe(onward).pipe(client);
  });
}

/**
 * Clients of an API behind the load balancer; each request that does not end in a 200 is a failure.
 */
class Load {
  requests = 0;
  readonly failures: string[] = [];
  private clients = 1;
  private readonly target: { host: string; port: number; path: string; headers: { host: string } };
  private readonly stopping = new AbortController();
  private readonly work: Promise<void>[] = [];

  constructor(port: number, host: string, path: string) {
    this.target = { host: '127.0.0.1', port, path, headers: { host } };
  }

  start(): void {
    for (let i = 0; i < keepers; i += 1) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      this.work.push(this.repeat(this.newClient(), agent, keeperPause));
    }
    this.work.push(this.repeat(undefined, undefined, passerPause));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    for (const answered of this.work) await answered;
  }

  private async repeat(
    client: string | undefined,
    agent: Agent | undefined,
    pause: number,
  ): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const answered = this.get(client ?? this.newClient(), agent);
      this.work.push(answered);
      if (agent) await answered;
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
    agent?.destroy();
  }

  private newClient(): string {
    this.clients += 1;
    return `127.2.${this.clients >> 8}.${this.clients & 255}`;
  }

  private async get(client: string, agent: Agent | undefined): Promise<void> {
    this.requests += 1;
    const outgoing = request({
      ...this.target,
      localAddress: client,
      agent: agent ?? false,
      timeout: 10_000,
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    try {
      const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
      outgoing.end();
      const [answer] = await answered;
      await answer.toArray();
      if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
    } catch (error) {
      this.failures.push(`${agent ? 'a held' : 'a new'} connection: ${(error as Error).message}`);
    }
  }
}

/**
 * Rolls the rendered Traefik, as its Deployment says, under load behind a load balancer that looks
 * every 5 s.
 * @param traefik path of its executable
 * @returns how many requests there were, and a sentence about each kind of failure
 */
export async function checkRollout(
  traefik: string,
  manifests: Manifest[],
): Promise<{ requests: number; findings: string[] }> {
  const [deployment] = ofKind(manifests, 'Deployment').filter(
    ({ metadata }) => metadata.namespace === 'traefik',
  );
  const spec = deployment?.spec;
  const { startupProbe = {}, readinessProbe = {} } = spec?.template.spec?.containers[0] ?? {};
  const grace = (spec?.template.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
  const host = ofKind(manifests, 'Ingress').find(
    ({ metadata }) => metadata.namespace === 'qualification',
  )?.spec?.rules?.[0]?.host;
  const backend = createHttpServer((_, answer) => answer.end('ok'));
  const api = new IngressApi(manifests, [
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'quotes-service',
        namespace: 'qualification',
        labels: { 'kubernetes.io/service-name': 'quotes-service' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true, serving: true } }],
      ports: [{ name: 'http', port: await listen(backend), protocol: 'TCP' }],
    },
  ]);
  const apiPort = await listen(api.server);
  const replicas: Replica[] = [];
  const balancer = loadBalancer(replicas);
  const start = async () => {
    const free = await freePorts(3);
    const ports = new Map(['8000', '8443', '8080'].map((original, i) => [original, free[i] ?? 0]));
    const process = new Traefik(traefik, manifests, apiPort, ports);
    const replica = new Replica(process, ports, startupProbe, readinessProbe, grace);
    replicas.push(replica);
    await replica.available();
    return replica;
  };
  balancer.listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  const load = new Load((balancer.address() as AddressInfo).port, host ?? '', '/quotes/1');
  try {
    const old = await Promise.all(Array.from({ length: spec?.replicas ?? 1 }, start));
    await eventually(() => old.every(({ isIn }) => isIn), 60_000, 50);
    load.start();
    for (const replica of old) {
      await start();
      await delay((spec?.minReadySeconds ?? 0) * 1000);
      replica.terminate();
    }
    await Promise.all(old.map(({ ended }) => ended));
    await load.stop();
  } finally {
    await load.stop();
    await Promise.all(replicas.map((replica) => replica.stop()));
    balancer.close();
    api.server.closeAllConnections();
    api.server.close();
    backend.closeAllConnections();
    backend.close();
  }
  const counts = Map.groupBy(load.failures, (failure) => failure);
  return {
    requests: load.requests,
    findings: [...counts].map(([failure, all]) => `${all.length} times, ${failure}`),
  };
}
