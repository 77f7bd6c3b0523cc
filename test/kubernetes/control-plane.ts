import {
  type ChildProcess,
  execFile,
  execFileSync,
  type SpawnSyncReturns,
  spawn,
  spawnSync,
} from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '#libs/testing/eventually.ts';

/** Users of the API that are programs of Kubernetes, by the names in its own role bindings. */
const programs = ['system:kube-controller-manager', 'system:kube-scheduler', 'system:kube-proxy'];

/**
 * A Kubernetes control plane: etcd, kube-apiserver with RBAC and the default admission,
 * kube-controller-manager, kube-scheduler and metrics-server, all real, in one network namespace.
 * They go on without this process, until the namespace is removed (fabric.sh).
 */
export class ControlPlane {
  readonly tools: string;
  readonly folder: string;
  readonly namespace: string;
  readonly address: string;
  readonly #programs = new Map<string, ChildProcess>();

  /**
   * @param tools folder that tools.sh prints
   * @param folder where certificates, data and logs are
   * @param namespace network namespace in which everything runs
   * @param address of the API server in it
   */
  constructor(tools: string, folder: string, namespace: string, address: string) {
    this.tools = tools;
    this.folder = folder;
    this.namespace = namespace;
    this.address = address;
  }

  /** Starts all programs but metrics-server, which needs nodes. */
  async start(): Promise<void> {
    this.#makeCertificates();
    await this.#startServer();
    await this.startControllers();
    this.run('kube-scheduler', [
      ...[
        '--kubeconfig',
        this.kubeconfig('system:kube-scheduler'),
        '--leader-elect=false',
        '--bind-address=127.0.0.1',
      ],
    ]);
  }

  /** The environment in which kubectl talks to this cluster and leaves nothing behind. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, KUBECONFIG: this.kubeconfig('admin'), HOME: this.folder };
  }

  /**
   * Runs a program of the machine in the control plane's network.
   * @throws Error with its output when it fails
   */
  async command(program: string, args: string[], input = ''): Promise<string> {
    const options = { env: this.env, maxBuffer: 2 ** 26 };
    const running = promisify(execFile)('nsenter', [this.#network, program, ...args], options);
    running.child.stdin?.on('error', () => {});
    running.child.stdin?.end(input);
    return (await running).stdout;
  }

  /**
   * Runs kubectl.
   * @throws Error with its output when it fails
   */
  kubectl(args: string[], input = ''): Promise<string> {
    return this.command('kubectl', args, input);
  }

  /** Runs kubectl where it may be refused; answers status, output and errors. */
  attempt(args: string[], input = ''): SpawnSyncReturns<string> {
    return spawnSync('nsenter', [this.#network, 'kubectl', ...args], {
      env: this.env,
      encoding: 'utf8',
      input,
    });
  }

  /** Reads objects as the API server has them. */
  // biome-ignore lint/suspicious/noExplicitAny: any kind of object, which assertions check
  async get(what: string, namespace = ''): Promise<any> {
    const where = namespace ? ['--namespace', namespace] : [];
    return JSON.parse(
      await this.kubectl(['get', ...what.split(' '), '--output', 'json', ...where]),
    );
  }

  /** Applies objects to the cluster. */
  async apply(items: object[]): Promise<void> {
    await this.kubectl(
      ['apply', '--filename', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    );
  }

  /**
   * Starts kube-controller-manager in place of the one that runs.
   * @param autoscalerPeriod of the autoscalers, if not the default
   */
  async startControllers(autoscalerPeriod?: string): Promise<void> {
    this.#stop('kube-controller-manager');
    this.run('kube-controller-manager', [
      ...[
        '--kubeconfig',
        this.kubeconfig('system:kube-controller-manager'),
        '--leader-elect=false',
      ],
      ...['--bind-address=127.0.0.1', '--allocate-node-cidrs=false'],
      ...[
        '--use-service-account-credentials',
        '--service-account-private-key-file',
        this.path('accounts.key'),
      ],
      ...['--root-ca-file', this.path('ca.crt')],
      ...(autoscalerPeriod ? [`--horizontal-pod-autoscaler-sync-period=${autoscalerPeriod}`] : []),
    ]);
    // The default account is the first thing that it visibly makes.
    await this.#ready(['get', 'serviceaccount', 'default']);
  }

  /**
   * Starts metrics-server.
   * @param kubelets option that says how it talks to them
   */
  async startMetrics(kubelets: string): Promise<void> {
    const kubeconfig = this.kubeconfig('admin');
    this.run('metrics-server', [
      ...['--kubeconfig', kubeconfig, '--authentication-kubeconfig', kubeconfig],
      ...['--authorization-kubeconfig', kubeconfig],
      ...['--bind-address=127.0.0.1', '--secure-port=4443', '--metric-resolution=15s'],
      ...[
        '--tls-cert-file',
        this.path('server.crt'),
        '--tls-private-key-file',
        this.path('server.key'),
      ],
      ...[
        '--kubelet-use-node-status-port',
        '--kubelet-preferred-address-types=InternalIP',
        kubelets,
      ],
    ]);
    const where = { name: 'metrics-server', namespace: 'kube-system' };
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: where,
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: 4443 }] },
    };
    const api = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: {
        service: { ...where, port: 4443 },
        ...{
          group: 'metrics.k8s.io',
          version: 'v1beta1',
          groupPriorityMinimum: 100,
          versionPriority: 100,
        },
        insecureSkipTLSVerify: true,
      },
    };
    await this.apply([service, api]);
  }

  /** Starts a program of `tools`, as {@link spawn} does. */
  run(name: string, args: string[]): void {
    this.spawn(name, join(this.tools, name), args);
  }

  /** Starts any program in the control plane's network, to outlive this process, with NAME.log. */
  spawn(name: string, program: string, args: string[]): void {
    const log = openSync(this.path(`${name}.log`), 'a');
    const child = spawn('nsenter', [this.#network, program, ...args], {
      env: this.env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    child.unref();
    this.#programs.set(name, child);
  }

  /** Path of a file of the cluster's folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Path of the kubeconfig of a user. */
  kubeconfig(user: string): string {
    return this.path(`${user}.kubeconfig`);
  }

  /** Writes a file of YAML documents, in the form of JSON, and answers with its path. */
  write(name: string, ...documents: object[]): string {
    writeFileSync(
      this.path(name),
      documents.map((document) => JSON.stringify(document)).join('\n---\n'),
    );
    return this.path(name);
  }

  /** Makes a key and a certificate that the cluster's authority signs, NAME.key and NAME.crt. */
  sign(name: string, subject: string, ...extra: string[]): void {
    this.#certify(
      name,
      subject,
      '-CA',
      this.path('ca.crt'),
      '-CAkey',
      this.path('ca.key'),
      ...extra,
    );
  }

  /** Makes the credentials of a user of the API. */
  makeUser(user: string, group = ''): void {
    this.sign(user, `${group && `/O=${group}`}/CN=${user}`);
    const credentials = {
      'client-certificate': this.path(`${user}.crt`),
      'client-key': this.path(`${user}.key`),
    };
    const server = `https://${this.address}:6443`;
    this.write(`${user}.kubeconfig`, {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'test', cluster: { server, 'certificate-authority': this.path('ca.crt') } },
      ],
      users: [{ name: user, user: credentials }],
      contexts: [{ name: 'test', context: { cluster: 'test', user } }],
      'current-context': 'test',
    });
  }

  get #network(): string {
    return `--net=/run/netns/${this.namespace}`;
  }

  async #startServer(): Promise<void> {
    const [client, peer] = ['http://127.0.0.1:2379', 'http://127.0.0.1:2380'];
    this.run('etcd', [
      ...[
        '--data-dir',
        this.path('etcd'),
        '--listen-client-urls',
        client,
        '--advertise-client-urls',
        client,
      ],
      ...[
        '--listen-peer-urls',
        peer,
        '--initial-advertise-peer-urls',
        peer,
        '--initial-cluster',
        `default=${peer}`,
      ],
      '--unsafe-no-fsync',
    ]);
    this.run('kube-apiserver', [
      ...['--etcd-servers', client, `--bind-address=${this.address}`, '--secure-port=6443'],
      ...['--service-cluster-ip-range=10.96.0.0/16', `--advertise-address=${this.address}`],
      // An address of loopback cannot be an endpoint, so that the server itself gets none.
      ...(this.address.startsWith('127.') ? ['--endpoint-reconciler-type=none'] : []),
      ...[
        '--authorization-mode=Node,RBAC',
        '--enable-admission-plugins=NodeRestriction',
        '--allow-privileged',
      ],
      ...['--client-ca-file', this.path('ca.crt')],
      ...[
        '--tls-cert-file',
        this.path('server.crt'),
        '--tls-private-key-file',
        this.path('server.key'),
      ],
      ...['--service-account-issuer=https://kubernetes.default.svc'],
      ...['--service-account-key-file', this.path('accounts.key')],
      ...['--service-account-signing-key-file', this.path('accounts.key')],
      // With these it vouches for callers to metrics-server.
      ...[
        '--requestheader-client-ca-file',
        this.path('front-proxy.crt'),
        '--requestheader-allowed-names=front-proxy',
      ],
      ...[
        '--requestheader-username-headers=X-Remote-User',
        '--requestheader-group-headers=X-Remote-Group',
      ],
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      ...['--proxy-client-cert-file', this.path('front-proxy.crt')],
      ...['--proxy-client-key-file', this.path('front-proxy.key')],
      ...[
        '--kubelet-client-certificate',
        this.path('admin.crt'),
        '--kubelet-client-key',
        this.path('admin.key'),
      ],
      '--kubelet-preferred-address-types=InternalIP',
    ]);
    await this.#ready(['get', '--raw', '/readyz']);
  }

  #makeCertificates(): void {
    this.#certify('ca', '/CN=kubernetes');
    const addresses = ['127.0.0.1', this.address, '10.96.0.1'].map((ip) => `IP:${ip}`);
    const names = [...addresses, 'DNS:localhost', 'DNS:kubernetes.default.svc'].join();
    this.sign('server', '/CN=kube-apiserver', '-addext', `subjectAltName=${names}`);
    this.#certify('front-proxy', '/CN=front-proxy');
    this.makeUser('admin', 'system:masters');
    for (const user of programs) this.makeUser(user);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(this.path('accounts.key'), privateKey.export({ type: 'sec1', format: 'pem' }), {
      mode: 0o600,
    });
  }

  #certify(name: string, subject: string, ...extra: string[]): void {
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ],
        ...[
          '-keyout',
          this.path(`${name}.key`),
          '-out',
          this.path(`${name}.crt`),
          '-subj',
          subject,
          ...extra,
        ],
      ],
      { stdio: 'pipe' },
    );
  }

  #stop(name: string): void {
    const child = this.#programs.get(name);
    this.#programs.delete(name);
    child?.kill('SIGKILL');
  }

  /** Waits until a request succeeds, or until a program that it needs has ended. */
  async #ready(request: string[]): Promise<void> {
    const ended = () =>
      [...this.#programs].find(([, { exitCode, signalCode }]) => exitCode !== null || signalCode);
    await eventually(
      async () => ended() !== undefined || (await this.kubectl(request)) !== undefined,
      120_000,
      200,
    );
    const [name] = ended() ?? [];
    if (name)
      throw new Error(
        `${name} ended:\n${readFileSync(this.path(`${name}.log`), 'utf8').slice(-2000)}`,
      );
  }
}
