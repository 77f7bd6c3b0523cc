import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, PodSpec, Probe, Volume } from 'kubernetes-types/core/v1';
import { stringify } from 'yaml';
import { eventually } from '#libs/testing/eventually.ts';
import { type Manifest, ofKind, workloads } from '#test/manifests/manifest.loader.ts';

/**
 * Runs podman; what it reads comes through a pipe of the shell, since it refuses the socket that
 * Node.js would give it.
 */
const podman = (args: string[], input = '') =>
  execFileSync('sh', ['-c', 'cat | podman "$@"', 'sh', ...args], {
    encoding: 'utf8',
    input,
    stdio: 'pipe',
    timeout: 120_000,
  });

/** The same, while others go on: a pod's init container may wait for another pod. */
const podmanAlongside = (args: string[], input = '') =>
  new Promise<void>((done, fail) => {
    const child = execFile(
      'sh',
      ['-c', 'cat | podman "$@"', 'sh', ...args],
      { timeout: 120_000 },
      (error) => (error ? fail(error) : done()),
    );
    child.stdin?.end(input);
  });

/**
 * An image as podman has it where no registry is reached: it can be tagged, but not given a digest.
 */
export const withoutDigest = (image: string) => image.replace(/@sha256:[0-9a-f]{64}/g, '');

/** A pod that runs: what the kubelet would have made of one replica of a workload. */
export interface RunningPod {
  name: string;
  ip: string;
  spec: PodSpec;
}

/** What the kernel says of a container's first process. */
export interface Confinement {
  uid: string;
  capabilities: string;
  noNewPrivileges: string;
  seccomp: string;
  memoryMax: number;
  cpus: number;
  readOnly: boolean;
}

/**
 * Plays the kubelet for the rendered objects of one namespace: pods run by podman from their
 * templates as they are, under their own limits and security context, in a network of their own. To
 * be run through containers.sh. Host names stand in for cluster DNS; nothing plays the
 * NetworkPolicies.
 */
export class PodRunner implements AsyncDisposable {
  readonly #manifests: Manifest[];
  readonly #addresses: Record<string, string>;
  /** Ends every name, so that two runs on one machine do not meet. */
  readonly #run = randomBytes(3).toString('hex');
  readonly #subnet: string;
  readonly #pods: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'pods-'));

  /**
   * @param manifests rendered objects of one environment
   * @param addresses host number (2..254) of each name that the pods may look up
   */
  constructor(manifests: Manifest[], addresses: Record<string, number>) {
    this.#manifests = manifests;
    // The kubelet's folders can be entered by every user.
    chmodSync(this.#folder, 0o755);
    this.#subnet = `10.89.${100 + (Number.parseInt(this.#run, 16) % 100)}`;
    this.#addresses = Object.fromEntries(
      Object.entries(addresses).map(([name, host]) => [name, `${this.#subnet}.${host}`]),
    );
    // Requests come from this machine, which stands in for the proxy.
    const [settings] = ofKind(manifests, 'ConfigMap').filter(({ metadata }) =>
      metadata.name?.startsWith('settings-'),
    );
    this.#addresses[settings?.data?.TRUSTED_PROXIES ?? 'proxy'] = `${this.#subnet}.1`;
    podman([
      'network',
      'create',
      '--disable-dns',
      '--subnet',
      `${this.#subnet}.0/24`,
      this.#unique('net'),
    ]);
    for (const secret of ofKind(manifests, 'Secret')) {
      podman(
        ['secret', 'create', this.#unique(secret.metadata.name ?? ''), '-'],
        JSON.stringify(secret.data),
      );
    }
  }

  /**
   * Starts one replica of a workload and waits until its probes succeed, as the kubelet would ask
   * them.
   */
  async start(workload: string, name: string): Promise<RunningPod> {
    const pod = await this.launch(workload, name);
    await this.ready(pod);
    return pod;
  }

  /**
   * Starts one replica without waiting; a StatefulSet's volumes are kept between starts of the same
   * name.
   */
  async launch(workload: string, name: string): Promise<RunningPod> {
    const template = workloads(this.#manifests).find((w) => w.name === workload)?.template;
    const ip = this.#addresses[name];
    if (!template?.spec || !ip)
      throw new Error(`no workload ${workload} or no address for ${name}`);
    const spec = structuredClone(template.spec);
    for (const container of [...(spec.initContainers ?? []), ...spec.containers])
      this.#adapt(container);
    spec.hostname = name;
    spec.volumes = this.#volumes(workload, name);
    // By the default, `Always`, podman would start an init container that has ended again and
    // again, beside the main ones.
    spec.restartPolicy ??= 'OnFailure';
    const byAddress = Map.groupBy(Object.entries(this.#addresses), ([, address]) => address);
    // One line an address, as the kubelet writes it: the first name is what `hostname -f` answers.
    spec.hostAliases = [...byAddress].map(([address, names]) => ({
      ip: address,
      hostnames: [names.map(([n]) => n).join(' ')],
    }));
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: this.#unique(name),
        labels: template.metadata?.labels,
        // By default podman removes an init container the moment it ends, and sometimes a moment
        // before.
        annotations: { 'io.podman.annotations.init.container.type': 'always' },
      },
      spec,
    };
    const objects = [...ofKind(this.#manifests, 'ConfigMap'), pod];
    // A new pod at an old address must not be taken for the old one's network card, as neighbours
    // would for half a minute.
    const mac = `02:00:00:00:00:${Number(ip.split('.')[3]).toString(16).padStart(2, '0')}`;
    this.#pods.push(pod.metadata.name);
    await podmanAlongside(
      ['play', 'kube', '--network', this.#unique('net'), '--ip', ip, '--mac-address', mac, '-'],
      objects.map((object) => stringify(object)).join('---\n'),
    );
    return { name, ip, spec: template.spec };
  }

  /** Waits until every container of a pod passes its startup and readiness probes. */
  async ready({ name, ip, spec }: RunningPod): Promise<void> {
    for (const container of spec.containers) {
      for (const probe of [container.startupProbe, container.readinessProbe]) {
        try {
          // At the manifest's pace: what a probe costs is taken from its container's own CPU.
          await eventually(
            () => this.#probe(probe, container, name, ip),
            120_000,
            (probe?.periodSeconds ?? 10) * 1000,
          );
        } catch (error) {
          throw new Error(`${name} does not get ready:\n${this.logs(name, container.name)}`, {
            cause: error,
          });
        }
      }
    }
  }

  /**
   * Runs a workload's pod to its end, as a Job would.
   * @returns what it printed
   * @throws with what it printed when it fails
   */
  async job(workload: string, name: string): Promise<string> {
    const pod = await this.launch(workload, name);
    const container = pod.spec.containers[0]?.name ?? '';
    const status = podman(['wait', this.#container(name, container)]).trim();
    const printed = this.logs(name, container);
    await this.kill(name);
    if (status !== '0') throw new Error(`${name} ended with status ${status}:\n${printed}`);
    return printed;
  }

  /** Runs a command in a container of a pod and returns what it prints. */
  exec(pod: string, container: string, command: string[]): string {
    return podman(['exec', this.#container(pod, container), ...command]);
  }

  /** What a container has printed. */
  logs(pod: string, container: string): string {
    return podman(['logs', this.#container(pod, container)]);
  }

  /** Kills a pod as a dying node would. Its volumes stay. */
  async kill(pod: string): Promise<void> {
    await this.#remove(this.#unique(pod));
  }

  async #remove(pod: string): Promise<void> {
    const remove = () => podmanAlongside(['pod', 'rm', '--force', '--ignore', '--time', '0', pod]);
    // Podman gives up when a container ends by itself just before it is killed; by the second time
    // that one has ended.
    await remove().catch(remove);
  }

  /** Empties a StatefulSet's volume, as a lost disk would be. */
  wipe(pod: string): void {
    for (const claim of readdirSync(join(this.#folder, 'claims'))) {
      if (claim.endsWith(`-${pod}`))
        rmSync(join(this.#folder, 'claims', claim), { recursive: true });
    }
  }

  /**
   * Stops a pod as the kubelet would: the preStop command, then SIGTERM within the grace period.
   */
  stop(pod: RunningPod): void {
    for (const { name, lifecycle } of pod.spec.containers) {
      const command = lifecycle?.preStop?.exec?.command;
      if (command) this.exec(pod.name, name, command);
    }
    podman([
      'pod',
      'stop',
      '--time',
      String(pod.spec.terminationGracePeriodSeconds),
      this.#unique(pod.name),
    ]);
    podman(['pod', 'rm', '--force', this.#unique(pod.name)]);
  }

  /** What the kernel holds a container to. */
  confinement(pod: string, container: string): Confinement {
    const name = this.#container(pod, container);
    const pid = podman(['inspect', '--format', '{{.State.Pid}}', name]).trim();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (key: string) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
    const group = (controller: string) =>
      `/sys/fs/cgroup/${controller}${new RegExp(`:${controller}:(.*)`).exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1]}`;
    const number = (path: string) => Number(readFileSync(path, 'utf8'));
    return {
      uid: field('Uid'),
      capabilities: field('CapEff'),
      noNewPrivileges: field('NoNewPrivs'),
      seccomp: field('Seccomp'),
      memoryMax: number(`${group('memory')}/memory.limit_in_bytes`),
      cpus:
        number(`${group('cpu')}/cpu.cfs_quota_us`) / number(`${group('cpu')}/cpu.cfs_period_us`),
      readOnly: / ro,/.test(
        readFileSync(`/proc/${pid}/mounts`, 'utf8')
          .split('\n')
          .find((line) => line.split(' ')[1] === '/') ?? '',
      ),
    };
  }

  /**
   * Most memory that a container ever took, in bytes, and whether the kernel killed it for more.
   */
  memory(pod: string, container: string): { peak: number; killed: boolean } {
    const name = this.#container(pod, container);
    return {
      peak: Number(
        podman(['exec', name, 'cat', '/sys/fs/cgroup/memory/memory.max_usage_in_bytes']),
      ),
      killed:
        podman(['inspect', '--format', '{{.State.OOMKilled}} {{.RestartCount}}', name]).trim() !==
        'false 0',
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...new Set(this.#pods)].map((pod) => this.#remove(pod)));
    podman(['network', 'rm', '--force', this.#unique('net')]);
    for (const secret of ofKind(this.#manifests, 'Secret')) {
      podman(['secret', 'rm', this.#unique(secret.metadata.name ?? '')]);
    }
    rmSync(this.#folder, { recursive: true });
  }

  /**
   * The volumes of a pod as folders, with the owners and modes that the kubelet gives them; podman
   * knows no `fsGroup`.
   */
  #volumes(workload: string, pod: string): Volume[] {
    const template = workloads(this.#manifests).find(({ name }) => name === workload)?.template;
    const folder = (...path: string[]) => {
      const made = join(this.#folder, ...path);
      mkdirSync(made, { recursive: true, mode: 0o755 });
      return made;
    };
    const claim = (name: string): Volume => {
      const path = folder('claims', name);
      chownSync(path, 0, template?.spec?.securityContext?.fsGroup ?? 0);
      chmodSync(path, 0o2775);
      return { name: '', hostPath: { path } };
    };
    const claims = ofKind(this.#manifests, 'StatefulSet')
      .filter(({ metadata }) => metadata.name === workload)
      .flatMap(({ spec }) => spec?.volumeClaimTemplates ?? [])
      .map(({ metadata }) => ({
        ...claim(`${metadata?.name}-${pod}`),
        name: metadata?.name ?? '',
      }));
    const others = (template?.spec?.volumes ?? []).map(
      ({ name, configMap, secret, emptyDir, persistentVolumeClaim }) => {
        if (persistentVolumeClaim) return { ...claim(persistentVolumeClaim.claimName), name };
        // Of this start alone.
        if (emptyDir) return { ...claim(`${name}-${pod}-${randomBytes(3).toString('hex')}`), name };
        const path = folder('config', configMap?.name ?? secret?.secretName ?? name);
        const [source] = ofKind(this.#manifests, 'ConfigMap').filter(
          ({ metadata }) => metadata.name === configMap?.name,
        );
        for (const [file, text] of Object.entries(source?.data ?? {}))
          writeFileSync(join(path, file), text);
        for (const [file, text] of Object.entries(this.#secret(secret?.secretName)))
          writeFileSync(join(path, file), Buffer.from(text, 'base64'));
        return { name, hostPath: { path } };
      },
    );
    return [...claims, ...others];
  }

  /** The data of a Secret, in Base64. */
  #secret(name: string | undefined): Record<string, string> {
    return (
      ofKind(this.#manifests, 'Secret').find(({ metadata }) => metadata.name === name)?.data ?? {}
    );
  }

  #unique(name: string): string {
    return `${name}-${this.#run}`;
  }

  /** Podman's name of a container. */
  #container(pod: string, container: string): string {
    return `${this.#unique(pod)}-${container}`;
  }

  /** Changes what podman would do in another way than the kubelet. */
  #adapt(container: Container): void {
    // Podman would run HTTP probes with a curl that the images rightly lack: ready() asks them from
    // outside.
    delete container.startupProbe;
    delete container.readinessProbe;
    delete container.livenessProbe;
    delete container.lifecycle;
    // Podman would publish them on the host.
    delete container.ports;
    container.image &&= withoutDigest(container.image);
    // Podman does not know `prefix`, so each key becomes a variable.
    for (const { prefix = '', secretRef } of container.envFrom ?? []) {
      for (const key of Object.keys(this.#secret(secretRef?.name))) {
        container.env ??= [];
        container.env.push({
          name: prefix + key,
          valueFrom: { secretKeyRef: { name: secretRef?.name ?? '', key } },
        });
      }
    }
    container.envFrom &&= container.envFrom.filter(({ secretRef }) => !secretRef);
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.secretKeyRef)
        valueFrom.secretKeyRef.name = this.#unique(valueFrom.secretKeyRef.name ?? '');
    }
  }

  async #probe(
    probe: Probe | undefined,
    container: Container,
    pod: string,
    ip: string,
  ): Promise<boolean> {
    if (probe?.exec?.command) this.exec(pod, container.name, probe.exec.command);
    if (!probe?.httpGet) return true;
    const port = container.ports?.find(({ name }) => name === probe.httpGet?.port)?.containerPort;
    const { ok } = await fetch(`http://${ip}:${port}${probe.httpGet.path}`, {
      signal: AbortSignal.timeout(2000),
    });
    return ok;
  }
}
