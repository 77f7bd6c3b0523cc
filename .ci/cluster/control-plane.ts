import { type ChildProcess, execFile, execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { eventually } from '#libs/testing/eventually.ts';
import { freePort } from '../../deploy/local/redis-server.ts';

/** How the pods of the simulated kubelets behave: what was measured of the services' containers. */
const kubelet = { secondsToReady: 4, secondsToStop: 6 };

const nodes = ['node-0', 'node-1', 'node-2', 'node-3'];

/** CPU that the containers of a name use, in cores; the others idle. */
export type Usage = Record<string, number>;

/**
 * A Kubernetes control plane on loopback ports: etcd, kube-apiserver with RBAC and the default admission, kube-controller-manager, kube-scheduler, and metrics-server, all real.
 * Nodes and kubelets are kwok's: pods become ready and end after fixed times, nothing runs in them, and the CPU that they report is what `setUsage` says. Certificates
 * are made at every start. The kernel ends the programs with this process, however it ends.
 */
export class ControlPlane implements AsyncDisposable {
  readonly #tools: string;
  readonly #folder: string;
  readonly #programs = new Map<string, ChildProcess>();
  readonly #ports: Record<'etcd' | 'etcdPeer' | 'api' | 'controllers' | 'scheduler' | 'metrics' | 'kubelet', number>;
  readonly #ended = new AbortController();
  #failed: string | undefined;

  private constructor(tools: string, folder: string, ports: number[]) {
    this.#tools = tools;
    this.#folder = folder;
    const [etcd = 0, etcdPeer = 0, api = 0, controllers = 0, scheduler = 0, metrics = 0, kubelet = 0] = ports;
    this.#ports = { etcd, etcdPeer, api, controllers, scheduler, metrics, kubelet };
  }

  /**
   * @param tools folder that tools.sh prints
   * @param folder empty folder for certificates, data and logs
   */
  static async start(tools: string, folder: string): Promise<ControlPlane> {
    const ports = await Promise.all(Array.from({ length: 7 }, freePort));
    const cluster = new ControlPlane(tools, folder, ports);
    try {
      cluster.#makeCertificates();
      await cluster.#startServer();
      await cluster.startControllers();
      cluster.#run('kube-scheduler', [
        ...['--kubeconfig', cluster.#kubeconfig('system:kube-scheduler'), '--leader-elect=false'],
        ...['--bind-address=127.0.0.1', `--secure-port=${cluster.#ports.scheduler}`],
      ]);
      await cluster.#startKubelets();
      await cluster.#startMetrics();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Environment in which kubectl talks to this cluster and leaves nothing behind. */
  get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      KUBECONFIG: this.#kubeconfig('admin'),
      KUBECACHEDIR: join(this.#folder, 'cache'),
      HOME: this.#folder,
    };
  }

  /** Runs kubectl. @throws when it fails, with what it said */
  async kubectl(args: string[], input = ''): Promise<string> {
    if (this.#failed) throw new Error(this.#failed);
    const running = promisify(execFile)('kubectl', args, {
      env: this.env,
      maxBuffer: 2 ** 26,
      signal: this.#ended.signal,
    });
    running.child.stdin?.end(input);
    return (await running).stdout;
  }

  /** Runs kubectl that may be refused: status, output and complaints. */
  attempt(args: string[], input = ''): SpawnSyncReturns<string> {
    return spawnSync('kubectl', args, { env: this.env, encoding: 'utf8', input });
  }

  /** Objects as the API server has them. */
  // biome-ignore lint/suspicious/noExplicitAny: any kind of object, and the assertions on it are the check
  async get(what: string, namespace = ''): Promise<any> {
    const where = namespace ? ['--namespace', namespace] : [];
    return JSON.parse(await this.kubectl(['get', ...what.split(' '), '--output', 'json', ...where]));
  }

  /** Brings objects onto the cluster. */
  async apply(items: object[]): Promise<void> {
    await this.kubectl(['apply', '--filename', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  }

  /** Starts kube-controller-manager, in place of the one that runs; with another period of the autoscalers than the default when one is given. */
  async startControllers(autoscalerPeriod?: string): Promise<void> {
    await this.#stop('kube-controller-manager');
    this.#run('kube-controller-manager', [
      ...['--kubeconfig', this.#kubeconfig('system:kube-controller-manager'), '--leader-elect=false'],
      ...['--bind-address=127.0.0.1', `--secure-port=${this.#ports.controllers}`],
      ...['--use-service-account-credentials', '--service-account-private-key-file', this.#path('accounts.key')],
      ...['--root-ca-file', this.#path('ca.crt')],
      ...(autoscalerPeriod ? [`--horizontal-pod-autoscaler-sync-period=${autoscalerPeriod}`] : []),
    ]);
    // Its first visible work.
    await this.#ready('kube-controller-manager', ['get', 'serviceaccount', 'default']);
  }

  /** Sets what the running containers use from now on. */
  async setUsage(usage: Usage): Promise<void> {
    const cpu = (cores: number) => ({
      cpu: { expression: `pod.status.phase == "Running" ? Quantity("${Math.round(cores * 1e6)}u") : Quantity("0")` },
      memory: { value: '32Mi' },
    });
    const usages = Object.entries(usage).map(([name, cores]) => ({ containers: [name], usage: cpu(cores) }));
    await this.apply([
      {
        apiVersion: 'kwok.x-k8s.io/v1alpha1',
        kind: 'ClusterResourceUsage',
        metadata: { name: 'usage' },
        spec: { usages: [...usages, { usage: cpu(0.001) }] },
      },
    ]);
  }

  /** Lets kwok add the CPU seconds used since the last time to its counters, which it does only when asked for them. */
  async countUsage(): Promise<void> {
    await Promise.all(
      nodes.map((node) => fetch(`http://127.0.0.1:${this.#ports.kubelet}${metricsPath(node)}`).then((r) => r.text())),
    );
  }

  /** Keeps new pods from being placed on any node, or no longer. */
  async cordon(on: boolean): Promise<void> {
    await this.kubectl([on ? 'cordon' : 'uncordon', ...nodes]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    // The API server last but one, and its store last: the others would complain.
    for (const name of [...this.#programs.keys()].reverse()) await this.#stop(name);
  }

  async #startServer(): Promise<void> {
    const { etcd, etcdPeer, api } = this.#ports;
    const [client, peer] = [`http://127.0.0.1:${etcd}`, `http://127.0.0.1:${etcdPeer}`];
    this.#run('etcd', [
      ...['--data-dir', this.#path('etcd'), '--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
      '--unsafe-no-fsync',
    ]);
    this.#run('kube-apiserver', [
      ...['--etcd-servers', client, '--bind-address=127.0.0.1', `--secure-port=${api}`],
      // There is no Service network, and no endpoint in it for the server itself.
      ...[
        '--advertise-address=127.0.0.1',
        '--endpoint-reconciler-type=none',
        '--service-cluster-ip-range=10.96.0.0/16',
      ],
      ...['--authorization-mode=Node,RBAC', '--allow-privileged', '--client-ca-file', this.#path('ca.crt')],
      ...['--tls-cert-file', this.#path('server.crt'), '--tls-private-key-file', this.#path('server.key')],
      ...['--service-account-issuer=https://kubernetes.default.svc'],
      ...['--service-account-key-file', this.#path('accounts.key')],
      ...['--service-account-signing-key-file', this.#path('accounts.key')],
      // How it vouches for callers to metrics-server.
      ...['--requestheader-client-ca-file', this.#path('front-proxy.crt'), '--requestheader-allowed-names=front-proxy'],
      ...['--requestheader-username-headers=X-Remote-User', '--requestheader-group-headers=X-Remote-Group'],
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      ...['--proxy-client-cert-file', this.#path('front-proxy.crt')],
      ...['--proxy-client-key-file', this.#path('front-proxy.key')],
    ]);
    await this.#ready('kube-apiserver', ['get', '--raw', '/readyz']);
  }

  async #startKubelets(): Promise<void> {
    await this.kubectl([
      ...['apply', '--filename', `${this.#tools}/kwok-config/crd/bases/kwok.x-k8s.io_clusterresourceusages.yaml`],
    ]);
    await this.kubectl(['wait', '--for=condition=Established', 'crd/clusterresourceusages.kwok.x-k8s.io']);
    await this.setUsage({});
    const config = this.#write('kwok.yaml', [...this.#stages(), resourceMetrics]);
    this.#run('kwok', [
      ...['--kubeconfig', this.#kubeconfig('admin'), '--config', config, '--manage-all-nodes'],
      ...['--enable-crds=ClusterResourceUsage', '--cidr=10.244.0.0/16', '--node-lease-duration-seconds=40'],
      ...[`--server-address=127.0.0.1:${this.#ports.kubelet}`, `--node-port=${this.#ports.kubelet}`],
      '--node-ip=127.0.0.1',
    ]);
    const capacity = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' };
    const objects = nodes.map((name) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: { 'kubernetes.io/hostname': name },
        annotations: { 'metrics.k8s.io/resource-metrics-path': metricsPath(name) },
      },
      status: { allocatable: capacity, capacity },
    }));
    await this.apply(objects);
    await this.kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s']);
    await this.#offerVolumes();
  }

  /** kwok's own stages, with the times measured of containers in place of random ones. */
  #stages(): object[] {
    const room = (folder: string) =>
      readdirSync(`${this.#tools}/kwok-config/stage/${folder}`)
        .filter((name) => /^(node|pod)-.*\.yaml$/.test(name))
        .map((name) => parse(readFileSync(`${this.#tools}/kwok-config/stage/${folder}/${name}`, 'utf8')));
    const stages = [...room('node/fast'), ...room('pod/general')];
    const delays: Record<string, number> = { 'pod-ready': kubelet.secondsToReady, 'pod-delete': kubelet.secondsToStop };
    for (const { metadata, spec } of stages) {
      if (metadata.name.startsWith('pod-')) {
        spec.delay = { durationMilliseconds: (delays[metadata.name] ?? 0) * 1000 };
      }
    }
    return stages;
  }

  /** A default storage class, and enough volumes for the claims of every overlay: no provisioner is here. */
  async #offerVolumes(): Promise<void> {
    const storageClass = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    };
    const volumes = Array.from({ length: 20 }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `volume-${i}` },
      spec: {
        storageClassName: 'standard',
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '20Gi' },
        hostPath: { path: `/volumes/${i}` },
      },
    }));
    await this.apply([storageClass, ...volumes]);
  }

  async #startMetrics(): Promise<void> {
    const kubeconfig = this.#kubeconfig('admin');
    this.#run('metrics-server', [
      ...[
        '--kubeconfig',
        kubeconfig,
        '--authentication-kubeconfig',
        kubeconfig,
        '--authorization-kubeconfig',
        kubeconfig,
      ],
      ...['--bind-address=127.0.0.1', `--secure-port=${this.#ports.metrics}`, '--metric-resolution=15s'],
      ...['--tls-cert-file', this.#path('server.crt'), '--tls-private-key-file', this.#path('server.key')],
      ...['--kubelet-use-node-status-port', '--kubelet-preferred-address-types=InternalIP'],
      // kwok speaks plain HTTP here, on loopback.
      '--deprecated-kubelet-completely-insecure',
    ]);
    const where = { name: 'metrics-server', namespace: 'kube-system' };
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: where,
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: this.#ports.metrics }] },
    };
    const api = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: {
        service: { ...where, port: this.#ports.metrics },
        ...{ group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100 },
        insecureSkipTLSVerify: true,
      },
    };
    await this.apply([service, api]);
    await this.kubectl(['wait', '--for=condition=Available', 'apiservice/v1beta1.metrics.k8s.io', '--timeout=120s']);
  }

  #makeCertificates(): void {
    const make = (name: string, subject: string, ...extra: string[]) =>
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
          ...['-keyout', this.#path(`${name}.key`), '-out', this.#path(`${name}.crt`), '-subj', subject, ...extra],
        ],
        { stdio: 'pipe' },
      );
    const signed = ['-CA', this.#path('ca.crt'), '-CAkey', this.#path('ca.key')];
    make('ca', '/CN=kubernetes');
    make('server', '/CN=kube-apiserver', ...signed, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost');
    make('front-proxy', '/CN=front-proxy');
    make('admin', '/O=system:masters/CN=admin', ...signed);
    for (const name of ['system:kube-controller-manager', 'system:kube-scheduler'])
      make(name, `/CN=${name}`, ...signed);
    for (const user of ['admin', 'system:kube-controller-manager', 'system:kube-scheduler']) this.#makeKubeconfig(user);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(this.#path('accounts.key'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  }

  /** Path of the kubeconfig of a user. */
  #kubeconfig(user: string): string {
    return this.#path(`${user}.kubeconfig`);
  }

  #makeKubeconfig(user: string): void {
    const credentials = { 'client-certificate': this.#path(`${user}.crt`), 'client-key': this.#path(`${user}.key`) };
    const server = `https://127.0.0.1:${this.#ports.api}`;
    this.#write(`${user}.kubeconfig`, [
      {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'check', cluster: { server, 'certificate-authority': this.#path('ca.crt') } }],
        users: [{ name: user, user: credentials }],
        contexts: [{ name: 'check', context: { cluster: 'check', user } }],
        'current-context': 'check',
      },
    ]);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  /** Writes a file of YAML documents, for which JSON is good enough, and answers with its path. */
  #write(name: string, documents: object[]): string {
    writeFileSync(this.#path(name), documents.map((document) => JSON.stringify(document)).join('\n---\n'));
    return this.#path(name);
  }

  #run(name: string, args: string[]): void {
    const log = openSync(this.#path(`${name}.log`), 'a');
    const program = join(this.#tools, name);
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      env: { ...process.env, HOME: this.#folder },
      stdio: ['ignore', log, log],
    });
    this.#programs.set(name, child);
    child.once('exit', (code, signal) => {
      if (!this.#programs.has(name)) return;
      const last = readFileSync(this.#path(`${name}.log`), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(-10)
        .join('\n');
      this.#failed = `${name} ended (${code ?? signal}):\n${last}`;
    });
  }

  async #stop(name: string): Promise<void> {
    const child = this.#programs.get(name);
    if (!child) return;
    this.#programs.delete(name);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Waits until a request succeeds, or the program that should make it succeed has ended. */
  async #ready(name: string, request: string[]): Promise<void> {
    await eventually(async () => {
      if (this.#failed) return true;
      await this.kubectl(request);
      return true;
    }, 120_000);
    if (this.#failed) throw new Error(`${name}: ${this.#failed}`);
  }
}

/** Where a simulated kubelet shows what its pods use. */
function metricsPath(node: string): string {
  return `/metrics/nodes/${node}/metrics/resource`;
}

/** A kubelet's resource metrics, as far as metrics-server reads them. */
const resourceMetrics = {
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Metric',
  metadata: { name: 'resource' },
  spec: {
    path: metricsPath('{nodeName}'),
    metrics: [
      {
        name: 'node_cpu_usage_seconds_total',
        kind: 'counter',
        dimension: 'node',
        value: 'node.CumulativeUsage("cpu")',
      },
      { name: 'node_memory_working_set_bytes', kind: 'gauge', dimension: 'node', value: 'node.Usage("memory")' },
      containerMetric('container_start_time_seconds', 'gauge', 'UnixSecond(pod.metadata.creationTimestamp)'),
      containerMetric('container_cpu_usage_seconds_total', 'counter', 'pod.CumulativeUsage("cpu", container.name)'),
      containerMetric('container_memory_working_set_bytes', 'gauge', 'pod.Usage("memory", container.name)'),
    ],
  },
};

function containerMetric(name: string, kind: 'counter' | 'gauge', value: string) {
  const labels = { container: 'container.name', namespace: 'pod.metadata.namespace', pod: 'pod.metadata.name' };
  return {
    ...{ name, kind, dimension: 'container', value },
    labels: Object.entries(labels).map(([label, source]) => ({ name: label, value: source })),
  };
}
