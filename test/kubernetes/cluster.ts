import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { dirname, join, resolve } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import type { Pod } from 'kubernetes-types/core/v1';
import { eventually } from '#libs/testing/eventually.ts';
import { ControlPlane } from './control-plane.ts';
import { storageClass } from './simulated-cluster.ts';

/** Overlays in the order in which they are deployed. */
export const overlays = [
  'traefik',
  'qualification',
  'production',
  'monitoring',
  'privrocket-preprod',
];

const fabric = (...args: string[]) =>
  // It runs in the network of the machine, as the process that started this one does, since it ends
  // all that runs in the networks of the cluster, where this process is.
  execFileSync(
    'nsenter',
    [`--net=/proc/${process.ppid}/ns/net`, 'test/kubernetes/fabric.sh', ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, SPARED: String(process.pid) },
    },
  );

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** The part of an environment that a request needs. */
type Address = Pick<Environment, 'ip' | 'host' | 'tls'>;

/** Begins a request to an environment, by HTTP or HTTPS. */
export function sendTo(
  { ip, host, tls }: Address,
  options: RequestOptions,
  answered: (response: IncomingMessage) => void,
): ClientRequest {
  return tls
    ? requestOverTls(
        { ...options, host: ip, port: 443, servername: host, rejectUnauthorized: false },
        answered,
      )
    : request({ ...options, host: ip, port: 80 }, answered);
}

/** A request of a client outside the cluster. */
export interface Asking {
  /** Address of the client; by default a new one, so that no other client is limited. */
  client?: string;
  headers?: Record<string, string>;
  json?: unknown;
  timeoutMs?: number;
}

/** A deployed environment. */
export interface Environment {
  namespace: string;
  host: string;
  /** Address of the load balancer. */
  ip: string;
  /** Whether it is asked by HTTPS. Traefik generates its certificate. */
  tls: boolean;
  /** The admin key. */
  key: string;
}

/**
 * A Kubernetes cluster on this machine whose nodes are real: kubelets, containerd, kube-proxy and
 * enforced NetworkPolicies, all in namespaces of the kernel that it makes itself (fabric.sh,
 * node.sh). It goes on when this process ends; `start` removes whatever an earlier run left.
 */
export class RealCluster extends ControlPlane {
  readonly name: string;
  /** Folder that images.sh prints. */
  readonly images: string;
  readonly nodes: RealNode[];
  /**
   * A copy of what a deployment needs, with its own secrets, so that a developer's stay as they
   * are.
   */
  readonly checkout: string;

  private constructor(name: string, tools: string, images: string, folder: string, nodes: number) {
    super(tools, folder, `${name}-control`, '10.89.0.10');
    this.name = name;
    this.images = images;
    this.checkout = join(folder, 'checkout');
    this.nodes = Array.from({ length: nodes }, (_, i) => new RealNode(this, i + 1));
  }

  /**
   * @param name of the cluster; clusters of different names do not affect each other
   * @param name of the cluster: two of different names do not meet
   * @param tools folder that tools.sh prints
   * @param images folder that images.sh prints
   */
  static async start(
    name: string,
    tools: string,
    images: string,
    folder: string,
  ): Promise<RealCluster> {
    const nodes = readdirSync('/run/netns').filter((namespace) =>
      namespace.startsWith(`${name}-node-`),
    ).length;
    const cluster = new RealCluster(name, tools, images, folder, nodes);
    mkdirSync(cluster.checkout, { recursive: true });
    writeFileSync(cluster.path('cluster.json'), JSON.stringify({ name, tools, images, nodes }));
    cluster.balance({ everyMs: 5000, failures: 2 });
    for (const part of ['package.json', 'deploy', 'libs', 'docs']) {
      const filter = (path: string) => !/\.(secret|acl)$/.test(path);
      cpSync(part, join(cluster.checkout, part), { recursive: true, filter });
    }
    symlinkSync(resolve('node_modules'), join(cluster.checkout, 'node_modules'));
    await cluster.start();
    await cluster.kubectl(['apply', '--filename', 'test/kubernetes/addons.yaml']);
    await cluster.apply([storageClass, ...cluster.nodes.flatMap((node) => node.volumes())]);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    await cluster.startMetrics('--kubelet-insecure-tls');
    const quiet = ['--disable-warning=ExperimentalWarning', 'test/kubernetes/load-balancer.ts'];
    cluster.spawn('load-balancer', process.execPath, [...quiet, folder, String(nodes)]);
    await cluster.kubectl([
      'rollout',
      'status',
      'deployment/coredns',
      '--namespace=kube-system',
      '--timeout=5m',
    ]);
    await cluster.kubectl([
      ...['wait', '--for=condition=Available', 'apiservice/v1beta1.metrics.k8s.io'],
      '--timeout=5m',
    ]);
    return cluster;
  }

  /**
   * Attaches to the cluster that runs already.
   * @throws Error when there is none
   */
  static attach(folder: string): RealCluster {
    const { name, tools, images, nodes } = JSON.parse(
      readFileSync(join(folder, 'cluster.json'), 'utf8'),
    );
    if (!existsSync(`/run/netns/${name}-control`))
      throw new Error(`${folder} is of a cluster that has ended`);
    return new RealCluster(name, tools, images, folder, nodes);
  }

  /** Ends everything of a cluster and removes what it left. */
  static remove(name: string, folder: string): void {
    fabric('down', name, folder);
  }

  /** Node by number, from 1. */
  node(n: number): RealNode {
    const node = this.nodes[n - 1];
    if (!node) throw new Error(`there is no node ${n}`);
    return node;
  }

  /** The node on which a pod runs. */
  async nodeOf(namespace: string, pod: string): Promise<RealNode> {
    const { spec } = (await this.get(`pod/${pod}`, namespace)) as Pod;
    const node = this.nodes.find(({ name }) => name === spec?.nodeName);
    if (!node) throw new Error(`${pod} is on no node`);
    return node;
  }

  /** Sets how often the load balancer asks the nodes, and how many failures exclude one. */
  balance(settings: { everyMs: number; failures: number }): void {
    writeFileSync(this.path('load-balancer.json'), JSON.stringify(settings));
  }

  /** Address of Traefik's load balancer. */
  async edge(): Promise<string> {
    return await eventually(
      async () => {
        const { status } = await this.get('service/traefik', 'traefik');
        return status.loadBalancer.ingress[0].ip as string;
      },
      60_000,
      200,
    );
  }

  /**
   * Runs a command line in the copy of the checkout, against the cluster.
   * @throws Error with its output when it fails
   */
  async shell(line: string): Promise<string> {
    // Readers of the documents have Node 24 as `node`.
    const env = { ...this.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
    const options = { cwd: this.checkout, env, maxBuffer: 2 ** 26 };
    return (await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', line], options))
      .stdout;
  }

  /**
   * Runs `npm run deploy` of an overlay. Missing secrets are made by the commands that it prints.
   * @returns what it printed, and how many secret files were missing
   */
  async deploy(overlay: string): Promise<{ output: string; missing: number }> {
    const ip = overlay === 'traefik' ? '127.0.0.1' : await this.edge();
    for (let missing = 0; ; missing += 1) {
      const line = `npm run --silent deploy -- ${overlay} --ip ${ip}`;
      const result = await this.shell(line).catch((error: Error & { stderr: string }) => error);
      if (typeof result === 'string') return { output: result, missing };
      const [, command] = /is missing\. Make it with:\n {2}(.+)/.exec(result.stderr) ?? [];
      if (!command) throw result;
      await this.shell(command);
    }
  }

  /** A deployed environment. */
  async environment(namespace: string): Promise<Environment> {
    const { items } = await this.get('ingresses', namespace);
    const secrets = readFileSync(
      join(this.checkout, `deploy/overlays/${namespace}/platform.secret`),
      'utf8',
    );
    return {
      namespace,
      host: items[0].spec.rules[0].host,
      ip: await this.edge(),
      tls: items[0].spec.tls !== undefined,
      key: parseEnv(secrets).ADMIN_KEY ?? '',
    };
  }

  /**
   * Runs a command in a container and returns what it prints.
   * @throws Error when it fails
   */
  exec(namespace: string, pod: string, container: string, command: string[]): Promise<string> {
    return this.kubectl([
      'exec',
      pod,
      '--namespace',
      namespace,
      '--container',
      container,
      '--',
      ...command,
    ]);
  }

  /** Pods by a label selector, without those that are ending. */
  async pods(namespace: string, selector = ''): Promise<Pod[]> {
    const { items } = await this.get(`pods${selector && ` --selector ${selector}`}`, namespace);
    return (items as Pod[]).filter(({ metadata }) => !metadata?.deletionTimestamp);
  }

  /** Waits until all rollouts of a namespace are complete. */
  async settled(namespace: string): Promise<void> {
    const { items } = await this.get('deployments,statefulsets', namespace);
    for (const { kind, metadata } of items) {
      await this.kubectl([
        'rollout',
        'status',
        `${kind}/${metadata.name}`,
        '--namespace',
        namespace,
        '--timeout=5m',
      ]);
    }
  }

  /** Ids on this machine of all processes in a pod, or in one of its containers. */
  async processes(namespace: string, pod: string | Pod, container?: string): Promise<number[]> {
    const { metadata, status }: Pod =
      typeof pod === 'string' ? await this.get(`pod/${pod}`, namespace) : pod;
    const id =
      status?.containerStatuses
        ?.find(({ name }) => name === container)
        ?.containerID?.split('//')[1] ?? '';
    const group = `/pod${metadata?.uid}/${container ? id : ''}`;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && accountOf(name, 'cgroup').includes(group))
      .map(Number);
  }

  /** The first process of a container, or of a pod's sandbox, whose children all others are. */
  async firstProcess(namespace: string, pod: string | Pod, container?: string): Promise<number> {
    const processes = await this.processes(namespace, pod, container);
    // Its id within its own process namespace is 1; that of a probe is not.
    const first = processes.find((pid) => /^NSpid:.*\t1$/m.test(accountOf(pid, 'status')));
    if (!first) throw new Error(`${JSON.stringify(pod)} has no process ${container}`);
    return first;
  }

  /** Ends a container as the kernel does when memory is short: `kill -9` of its first process. */
  async kill(namespace: string, pod: string, container: string): Promise<void> {
    process.kill(await this.firstProcess(namespace, pod, container), 'SIGKILL');
  }

  /**
   * Drops all packets between two sides, in both directions, from now on; partitions add up.
   * Sides are addresses of pods or nodes, and must be on different nodes.
   */
  async partition(one: string[], other: string[]): Promise<void> {
    const [a, b] = [`{ ${one.join(', ')} }`, `{ ${other.join(', ')} }`];
    const rules = [`ip saddr ${a} ip daddr ${b} drop`, `ip saddr ${b} ip daddr ${a} drop`];
    const chain =
      'add table bridge partitions\n' +
      'add chain bridge partitions forward { type filter hook forward priority 0; }\n';
    await this.command(
      'nft',
      ['-f', '-'],
      chain + rules.map((rule) => `add rule bridge partitions forward ${rule}\n`).join(''),
    );
  }

  /** Ends all partitions. */
  async heal(): Promise<void> {
    await this.command(
      'nft',
      ['-f', '-'],
      'add table bridge partitions\ndelete table bridge partitions\n',
    );
  }

  #clients = Math.floor(Math.random() * 131_000);

  /** An address outside that no client has used for a long time. */
  nextClient(): string {
    this.#clients = (this.#clients + 1) % 131_000;
    const n = this.#clients;
    return `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
  }

  /**
   * Sends a request, METHOD PATH, from outside through the load balancer, on a connection of its
   * own. It needs this process to be in the client's network, where run.sh puts it.
   */
  ask({ ip, host, tls }: Address, target: string, asking: Asking = {}): Promise<Answer> {
    const [method = '', path = ''] = target.split(' ');
    const body = asking.json === undefined ? undefined : JSON.stringify(asking.json);
    const headers = {
      host,
      ...(body && { 'content-type': 'application/json' }),
      ...asking.headers,
    };
    const localAddress = asking.client ?? this.nextClient();
    return new Promise((done, fail) => {
      const options = { method, path, headers, localAddress, agent: false };
      const sending = sendTo({ ip, host, tls }, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(timer);
          const text = Buffer.concat(chunks).toString();
          done({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      const late = () =>
        sending.destroy(
          new Error(`no answer to ${target} within ${asking.timeoutMs ?? 10_000} ms`),
        );
      const timer = setTimeout(late, asking.timeoutMs ?? 10_000);
      sending.on('error', (error) => {
        clearTimeout(timer);
        fail(error);
      });
      sending.end(body);
    });
  }
}

/** A file of the kernel about a process, or nothing when the process has ended. */
function accountOf(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** A node, with its own kernel namespaces, kubelet and container runtime. */
export class RealNode {
  readonly cluster: RealCluster;
  readonly n: number;
  readonly name: string;
  readonly ip: string;

  constructor(cluster: RealCluster, n: number) {
    this.cluster = cluster;
    this.n = n;
    this.name = `node-${n}`;
    this.ip = `10.89.0.1${n}`;
  }

  /** Switches the node on and waits until its kubelet reports that it is ready. */
  async start(): Promise<void> {
    const { cluster, name } = this;
    if (!existsSync(cluster.kubeconfig(`system:node:${name}`))) {
      cluster.makeUser(`system:node:${name}`, 'system:nodes');
      cluster.sign(
        `kubelet-${name}`,
        `/CN=${name}`,
        '-addext',
        `subjectAltName=IP:${this.ip},DNS:${name}`,
      );
    }
    mkdirSync(cluster.path(name), { recursive: true });
    const log = openSync(cluster.path(`${name}/node.log`), 'a');
    const args = [cluster.name, String(this.n), cluster.tools, cluster.images, cluster.folder];
    const begin = Date.now();
    const child = spawn('test/kubernetes/node.sh', args, {
      stdio: ['ignore', log, log],
      detached: true,
    });
    child.unref();
    writeFileSync(cluster.path(`${name}/pid`), String(child.pid));
    await eventually(
      async () => {
        if (child.exitCode !== null)
          throw new Error(readFileSync(cluster.path(`${name}/node.log`), 'utf8'));
        // The status of a node may be that of before a crash; only a new lease shows its kubelet.
        const { spec } = await cluster.get(`lease/${name}`, 'kube-node-lease');
        const { status } = await cluster.get(`node/${name}`);
        const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready');
        return Date.parse(spec.renewTime) >= begin && ready?.status === 'True';
      },
      300_000,
      500,
    );
  }

  /** Cuts the power of the node: everything on it ends at once, without any message to others. */
  async crash(): Promise<void> {
    await this.cluster.command('ip', ['link', 'set', this.name, 'down']);
    process.kill(this.#init, 'SIGKILL');
  }

  /** Switches the node on again after a crash, with nothing of before but its disks. */
  async restart(): Promise<void> {
    fabric('node', this.cluster.name, String(this.n));
    await this.start();
  }

  /**
   * Runs a command in the node.
   * @throws Error when it fails
   */
  async command(program: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, PATH: `${this.cluster.tools}:${process.env.PATH}` };
    const inside = ['--target', String(this.#init), '--all', program, ...args];
    return (await promisify(execFile)('nsenter', inside, { env, maxBuffer: 2 ** 26 })).stdout;
  }

  /**
   * Makes the local volumes of the node. Each is a small disk, so that a test can fill it. The
   * disks lie in memory, since on one disk of this machine each node would wait for what all others
   * write.
   * @returns objects for the API server
   */
  volumes(): object[] {
    const disks = this.cluster.path(`${this.name}/root/var/volumes`);
    mkdirSync(disks, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'disks', disks]);
    return Array.from({ length: 6 }, (_, i) => {
      const folder = `${disks}/${i}`;
      mkdirSync(folder);
      execFileSync('truncate', ['--size=256M', `${folder}.disk`]);
      execFileSync('mkfs.ext4', ['-q', '-m', '0', `${folder}.disk`]);
      execFileSync('mount', ['-o', 'loop', `${folder}.disk`, folder]);
      // mkfs.ext4 makes this folder in a file system, but a new volume has none.
      rmdirSync(`${folder}/lost+found`);
      const hostname = { key: 'kubernetes.io/hostname', operator: 'In', values: [this.name] };
      return {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: `${this.name}-${i}` },
        spec: {
          storageClassName: 'standard',
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '20Gi' },
          local: { path: `/var/volumes/${i}` },
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
        },
      };
    });
  }

  /** Id on this machine of the node's process 1. */
  get #init(): number {
    const pid = readFileSync(this.cluster.path(`${this.name}/pid`), 'utf8');
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);
  }
}
