import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ControlPlane } from './control-plane.ts';

/** The pods of the simulated kubelets take the times that were measured of the services. */
const kubelet = { secondsToReady: 4, secondsToStop: 6, port: 10247 };

const nodes = ['node-0', 'node-1', 'node-2', 'node-3'];

/** CPU in cores that containers use, by their names; the others idle. */
export type Usage = Record<string, number>;

/**
 * A control plane with kwok's nodes, for tests that need more pods than a machine can run. Pods
 * become ready and end after fixed times, nothing runs in them, and `setUsage` says what CPU they
 * report.
 */
export class SimulatedCluster extends ControlPlane implements AsyncDisposable {
  /**
   * @param tools folder that tools.sh prints
   * @param folder empty folder for certificates, data and logs
   */
  static async launch(tools: string, folder: string): Promise<SimulatedCluster> {
    const cluster = new SimulatedCluster(tools, folder, 'quotes-simulated-control', '127.0.0.1');
    await cluster[Symbol.asyncDispose]();
    mkdirSync(folder, { recursive: true });
    execFileSync('ip', ['netns', 'add', cluster.namespace]);
    execFileSync('ip', ['-n', cluster.namespace, 'link', 'set', 'lo', 'up']);
    try {
      await cluster.start();
      await cluster.#startKubelets();
      // Kwok speaks plain HTTP here, on loopback.
      await cluster.startMetrics('--deprecated-kubelet-completely-insecure');
      await cluster.kubectl([
        ...[
          'wait',
          '--for=condition=Available',
          'apiservice/v1beta1.metrics.k8s.io',
          '--timeout=120s',
        ],
      ]);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Sets what the running containers use from now on. */
  async setUsage(usage: Usage): Promise<void> {
    const cpu = (cores: number) => {
      const amount = `Quantity("${Math.round(cores * 1e6)}u")`;
      return {
        cpu: { expression: `pod.status.phase == "Running" ? ${amount} : Quantity("0")` },
        memory: { value: '32Mi' },
      };
    };
    const usages = Object.entries(usage).map(([name, cores]) => ({
      containers: [name],
      usage: cpu(cores),
    }));
    await this.apply([
      {
        apiVersion: 'kwok.x-k8s.io/v1alpha1',
        kind: 'ClusterResourceUsage',
        metadata: { name: 'usage' },
        spec: { usages: [...usages, { usage: cpu(0.001) }] },
      },
    ]);
  }

  /** Makes kwok add the CPU seconds since the last time to its counters, as each request does. */
  async countUsage(): Promise<void> {
    const addresses = nodes.map((node) => `http://127.0.0.1:${kubelet.port}${metricsPath(node)}`);
    await this.command('curl', ['--silent', '--output', '/dev/null', ...addresses]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    execFileSync('test/kubernetes/fabric.sh', ['down', 'quotes-simulated', this.folder]);
  }

  async #startKubelets(): Promise<void> {
    await this.kubectl([
      ...[
        'apply',
        '--filename',
        `${this.tools}/kwok-config/crd/bases/kwok.x-k8s.io_clusterresourceusages.yaml`,
      ],
    ]);
    await this.kubectl([
      'wait',
      '--for=condition=Established',
      'crd/clusterresourceusages.kwok.x-k8s.io',
    ]);
    await this.setUsage({});
    const config = this.write('kwok.yaml', ...this.#stages(), resourceMetrics);
    this.run('kwok', [
      ...['--kubeconfig', this.kubeconfig('admin'), '--config', config, '--manage-all-nodes'],
      ...[
        '--enable-crds=ClusterResourceUsage',
        '--cidr=10.244.0.0/16',
        '--node-lease-duration-seconds=40',
      ],
      ...[
        `--server-address=127.0.0.1:${kubelet.port}`,
        `--node-port=${kubelet.port}`,
        '--node-ip=127.0.0.1',
      ],
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

  /** Kwok's own stages, with times that were measured in place of random ones. */
  #stages(): object[] {
    const room = (folder: string) =>
      readdirSync(`${this.tools}/kwok-config/stage/${folder}`)
        .filter((name) => /^(node|pod)-.*\.yaml$/.test(name))
        .map((name) =>
          parse(readFileSync(`${this.tools}/kwok-config/stage/${folder}/${name}`, 'utf8')),
        );
    const stages = [...room('node/fast'), ...room('pod/general')];
    const delays: Record<string, number> = {
      'pod-ready': kubelet.secondsToReady,
      'pod-delete': kubelet.secondsToStop,
    };
    for (const { metadata, spec } of stages) {
      if (metadata.name.startsWith('pod-')) {
        spec.delay = { durationMilliseconds: (delays[metadata.name] ?? 0) * 1000 };
      }
    }
    return stages;
  }

  /**
   * Makes a default storage class and enough volumes for an overlay, since nothing provisions any.
   */
  async #offerVolumes(): Promise<void> {
    const volumes = Array.from({ length: 5 }, (_, i) => ({
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
}

/** The default class, of volumes that exist already. */
export const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name: 'standard',
    annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
  },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
};

/** The path at which a simulated kubelet shows what its pods use. */
function metricsPath(node: string): string {
  return `/metrics/nodes/${node}/metrics/resource`;
}

/** A kubelet's resource metrics that metrics-server reads. */
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
      {
        name: 'node_memory_working_set_bytes',
        kind: 'gauge',
        dimension: 'node',
        value: 'node.Usage("memory")',
      },
      containerMetric(
        'container_start_time_seconds',
        'gauge',
        'UnixSecond(pod.metadata.creationTimestamp)',
      ),
      containerMetric(
        'container_cpu_usage_seconds_total',
        'counter',
        'pod.CumulativeUsage("cpu", container.name)',
      ),
      containerMetric(
        'container_memory_working_set_bytes',
        'gauge',
        'pod.Usage("memory", container.name)',
      ),
    ],
  },
};

function containerMetric(name: string, kind: 'counter' | 'gauge', value: string) {
  const labels = {
    container: 'container.name',
    namespace: 'pod.metadata.namespace',
    pod: 'pod.metadata.name',
  };
  return {
    ...{ name, kind, dimension: 'container', value },
    labels: Object.entries(labels).map(([label, source]) => ({ name: label, value: source })),
  };
}
