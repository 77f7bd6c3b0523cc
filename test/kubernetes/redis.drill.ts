import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import type { Pod } from 'kubernetes-types/core/v1';
import { eventually } from '#libs/testing/eventually.ts';
import type { Environment, RealCluster } from './cluster.ts';
import { Writer } from './load.ts';
import { RUNS, type Test } from './test.ts';

const namespace = 'production';
const set = 'redis-production';
const ordinals = [0, 1, 2];
const pods = ordinals.map((ordinal) => `${set}-${ordinal}`);
/** Writes go on at this rate through every fault. */
const WRITES_PER_SECOND = 20;
/** How long the nodes may take to recover. */
const MAX_RECOVERY_MS = 180_000;

/** What the writers saw in one run of a drill. */
interface Outcome {
  acknowledged: number;
  lost: number;
  /** The longest time without an acknowledged write. */
  gapMs: number;
  /** How often each answer came that was no acknowledgement. */
  refused: Record<string, number>;
}

/** One kind of fault. */
interface Drill {
  what: string;
  fault: (nodes: RedisNodes, writer: Writer) => Promise<void>;
  /**
   * Answers besides 201 and 503 that are allowed where a node with some of the services is gone.
   */
  alsoAnswered?: RegExp;
  /** Upper bound of the median gap. Such a drill may run several times. */
  budgetMs?: number;
}

const drills: Drill[] = [
  { what: 'graceful: the master is deleted', fault: graceful, budgetMs: 2500 },
  { what: 'crash: all processes of the master are killed', fault: crash, budgetMs: 6000 },
  {
    what: 'crash while one replica lags',
    fault: (nodes, writer) => crashWhileLagging(nodes, writer, 1),
  },
  {
    what: 'crash while both replicas lag',
    fault: (nodes, writer) => crashWhileLagging(nodes, writer, 2),
  },
  { what: 'the master hangs and comes back once replaced', fault: hang },
  { what: 'the master is cut off from one replica, then killed', fault: crashWhileCutOff },
  { what: 'the master is cut off from both replicas, not from clients', fault: isolate },
  { what: 'a promoted replica restarts empty', fault: restartEmpty },
  { what: 'rolling restart', fault: rollingRestart },
  { what: 'scaled to zero and back', fault: scaleToZero },
  { what: "the master's disk is full", fault: fillDisk },
  { what: "the master's clock jumps an hour, forth and back", fault: jumpClock },
];

const hasBudget = ({ budgetMs }: Drill) => budgetMs !== undefined;

/** The common ways in which a master ends. */
export const redis: Test = (cluster, say) => play(cluster, say, drills.filter(hasBudget));

/** Rarer faults of the nodes. */
export const faults: Test = (cluster, say) =>
  play(
    cluster,
    say,
    drills.filter((drill) => !hasBudget(drill)),
  );

/**
 * Lets faults happen to production's Redis while writes go on. Every acknowledged write is looked
 * for afterwards; a single lost one fails the test.
 */
async function play(
  cluster: RealCluster,
  say: (line: string) => void,
  chosen: Drill[],
): Promise<void> {
  const nodes = await RedisNodes.of(cluster);
  for (const { what, fault, alsoAnswered = /^503$/, budgetMs } of chosen) {
    const runs = budgetMs ? RUNS : 1;
    const outcomes: Outcome[] = [];
    for (let run = 0; run < runs; run += 1) {
      const outcome = await underWrites(nodes, fault);
      const others = Object.keys(outcome.refused).filter(
        (status) => !/^503$/.test(status) && !alsoAnswered.test(status),
      );
      assert.deepEqual(
        others,
        [],
        `${what}: writers were answered ${JSON.stringify(outcome.refused)}`,
      );
      assert.equal(
        outcome.lost,
        0,
        `${what}: ${outcome.lost} of ${outcome.acknowledged} acknowledged writes are lost`,
      );
      outcomes.push(outcome);
    }
    const gaps = outcomes.map(({ gapMs }) => gapMs).sort((a, b) => a - b);
    const median = gaps[gaps.length >> 1] ?? 0;
    const acknowledged = outcomes.reduce((sum, outcome) => sum + outcome.acknowledged, 0);
    if (budgetMs)
      assert.ok(median <= budgetMs, `${what}: median gap ${median} ms of at most ${budgetMs}`);
    const seconds = (ms: number | undefined) => ((ms ?? 0) / 1000).toFixed(1);
    say(
      `ok   ${what}: ${runs} runs, ${acknowledged} acknowledged, 0 lost, ` +
        `gap ${seconds(median)} s (${seconds(gaps[0])} to ${seconds(gaps.at(-1))})`,
    );
  }
}

/** Runs a fault while writes go on, until they succeed again and all nodes have recovered. */
async function underWrites(nodes: RedisNodes, fault: Drill['fault']): Promise<Outcome> {
  await nodes.whole();
  const writer = await new Writer(nodes.cluster, nodes.environment, {
    rate: WRITES_PER_SECOND,
  }).start();
  try {
    await writer.more(WRITES_PER_SECOND);
    await fault(nodes, writer);
    await writer.more(2 * WRITES_PER_SECOND);
  } finally {
    await writer.stop();
  }
  await nodes.whole();
  const { 201: acknowledged = 0, ...refused } = writer.counts();
  return { acknowledged, lost: (await writer.verify()).length, gapMs: writer.longest(), refused };
}

async function graceful(nodes: RedisNodes): Promise<void> {
  const master = await nodes.master();
  await nodes.cluster.kubectl(['delete', 'pod', master, '--namespace', namespace, '--wait=true']);
  await nodes.successor(master);
}

async function crash(nodes: RedisNodes): Promise<void> {
  await nodes.crash(await nodes.master());
}

async function crashWhileLagging(
  nodes: RedisNodes,
  writer: Writer,
  lagging: number,
): Promise<void> {
  const master = await nodes.master();
  const replicas = pods.filter((pod) => pod !== master).slice(0, lagging);
  for (const pod of replicas) await nodes.signal(pod, 'SIGSTOP');
  // With one replica that lags, acknowledged writes are not on it; with two, nothing may be
  // acknowledged.
  if (lagging === 1) await writer.more(WRITES_PER_SECOND);
  else await eventually(() => writer.failures().length >= WRITES_PER_SECOND / 4, MAX_RECOVERY_MS);
  await nodes.crash(master);
  for (const pod of replicas) await nodes.signal(pod, 'SIGCONT');
}

async function hang(nodes: RedisNodes): Promise<void> {
  const master = await nodes.master();
  await nodes.signal(master, 'SIGSTOP');
  await nodes.successor(master);
  // The other replica may still follow the old master, which does not know that it was replaced.
  await nodes.signal(master, 'SIGCONT');
}

async function crashWhileCutOff(nodes: RedisNodes, writer: Writer): Promise<void> {
  const master = await nodes.master();
  const [far = ''] = pods.filter((pod) => pod !== master);
  await nodes.cluster.partition([await nodes.ip(master)], [await nodes.ip(far)]);
  await writer.more(5 * WRITES_PER_SECOND);
  await nodes.crash(master);
  await nodes.cluster.heal();
}

async function isolate(nodes: RedisNodes, writer: Writer): Promise<void> {
  const master = await nodes.master();
  const others = await Promise.all(
    pods.filter((pod) => pod !== master).map((pod) => nodes.ip(pod)),
  );
  await nodes.cluster.partition([await nodes.ip(master)], others);
  await nodes.successor(master);
  await writer.more(2 * WRITES_PER_SECOND);
  await nodes.cluster.heal();
}

async function restartEmpty(nodes: RedisNodes): Promise<void> {
  const first = await nodes.master();
  await nodes.crash(first);
  const promoted = await nodes.successor(first);
  await nodes.empty(promoted);
  await nodes.successor(promoted);
}

async function rollingRestart({ cluster }: RedisNodes): Promise<void> {
  await cluster.kubectl(['rollout', 'restart', `statefulset/${set}`, '--namespace', namespace]);
  await cluster.settled(namespace);
}

async function scaleToZero({ cluster }: RedisNodes): Promise<void> {
  const scale = (replicas: number) =>
    cluster.kubectl([
      'scale',
      `statefulset/${set}`,
      '--namespace',
      namespace,
      `--replicas=${replicas}`,
    ]);
  await scale(0);
  await cluster.kubectl([
    'wait',
    '--for=delete',
    '--namespace',
    namespace,
    '--timeout=3m',
    ...pods.map((p) => `pod/${p}`),
  ]);
  await scale(pods.length);
}

async function fillDisk(nodes: RedisNodes): Promise<void> {
  const master = await nodes.master();
  const fill = await nodes.fill(master);
  // Every write must be on the disk before it is acknowledged, so that a Valkey that cannot write
  // its file ends and another takes over.
  await nodes.successor(master);
  await fill.remove();
}

async function jumpClock(nodes: RedisNodes, writer: Writer): Promise<void> {
  await using clock = await nodes.ownClock();
  const master = await nodes.master();
  for (const hours of [1, -1]) {
    clock.shift(master, hours * 3600);
    await writer.more(2 * WRITES_PER_SECOND);
  }
  await nodes.crash(master);
}

/** Production's three Redis nodes. */
class RedisNodes {
  readonly cluster: RealCluster;
  readonly environment: Environment;

  private constructor(cluster: RealCluster, environment: Environment) {
    this.cluster = cluster;
    this.environment = environment;
  }

  static async of(cluster: RealCluster): Promise<RedisNodes> {
    return new RedisNodes(cluster, await cluster.environment(namespace));
  }

  /** The pod that the Sentinels name as the master. */
  async master(): Promise<string> {
    return await eventually(() => this.#named(pods), MAX_RECOVERY_MS, 200);
  }

  /** Waits until the Sentinels name another pod as the master, and answers with its name. */
  async successor(old: string): Promise<string> {
    return await eventually(
      async () => {
        const master = await this.#named(pods.filter((pod) => pod !== old));
        return master !== old && master;
      },
      MAX_RECOVERY_MS,
      100,
    );
  }

  /**
   * Waits until all pods are ready, both replicas have what the master has, and every Sentinel
   * knows it. A pod with a restarted container is replaced: its next restart would wait longer than
   * that after a first crash.
   */
  async whole(): Promise<void> {
    await eventually(
      async () => {
        const all = (await this.cluster.pods(namespace)).filter(({ metadata }) =>
          pods.includes(metadata?.name ?? ''),
        );
        assert.equal(all.filter(isReady).length, pods.length);
        // Crashed pods are replaced one at a time, as an operator would do.
        const crashed = all.find(hasCrashed)?.metadata?.name;
        if (crashed !== undefined) {
          await this.cluster.kubectl([
            'delete',
            'pod',
            crashed,
            '--namespace',
            namespace,
            '--wait=true',
          ]);
        }
        assert.equal(crashed, undefined);
        const master = await this.#named(pods);
        const info = await this.#cli(master, 'redis', 'info', 'replication');
        assert.match(info, /^connected_slaves:2\r?$/m);
        assert.equal(info.match(/,state=online,offset=\d+,lag=[01]\b/g)?.length, 2, info);
        for (const pod of pods) {
          const known = await this.#cli(pod, 'sentinel', 'sentinel', 'master', 'quotes');
          assert.ok(
            known.includes(`${master}.`) &&
              /num-slaves\n2\n/.test(known) &&
              /flags\nmaster\n/.test(known),
            known,
          );
          assert.match(
            await this.#cli(pod, 'sentinel', 'sentinel', 'ckquorum', 'quotes'),
            /^OK 3 usable/,
          );
        }
      },
      MAX_RECOVERY_MS,
      500,
    );
  }

  /**
   * Ends all processes of a pod at once, as a power cut of its node does. Another pod takes its
   * place, with its volume. This takes longer than a restart of the container by the kubelet, which
   * mostly comes before anybody misses it.
   */
  async crash(pod: string, meanwhile = () => {}): Promise<void> {
    for (const pid of await this.cluster.processes(namespace, pod)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        // The end of a container's first process is that of its others, and a probe ends by itself.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    meanwhile();
    await this.cluster.kubectl([
      'delete',
      'pod',
      pod,
      '--namespace',
      namespace,
      '--grace-period=0',
      '--force',
    ]);
  }

  /** Sends a signal to the Valkey server of a pod. */
  async signal(pod: string, signal: NodeJS.Signals): Promise<void> {
    process.kill(await this.cluster.firstProcess(namespace, pod, 'redis'), signal);
  }

  /** The address of a pod. */
  async ip(pod: string): Promise<string> {
    return ((await this.cluster.get(`pod/${pod}`, namespace)) as Pod).status?.podIP ?? '';
  }

  /** Ends a pod that is the master, and empties its volume before it starts again. */
  async empty(pod: string): Promise<void> {
    const volume = await this.#volume(pod);
    await this.crash(pod, () => void execFileSync('find', [volume, '-mindepth', '1', '-delete']));
  }

  /** Fills the volume of a pod to the last byte. */
  async fill(pod: string): Promise<{ remove(): Promise<void> }> {
    const file = `${await this.#volume(pod)}/filling`;
    // The command ends with an error when the volume is full.
    execFileSync('sh', ['-c', `cat /dev/zero >${file} 2>/dev/null || true`]);
    return { remove: async () => void execFileSync('rm', [file]) };
  }

  /**
   * Gives each Valkey server a clock that can be shifted, by a library that it preloads (clock.c).
   */
  async ownClock(): Promise<AsyncDisposable & { shift(pod: string, seconds: number): void }> {
    const library = this.cluster.path('clock.so');
    execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-o', library, 'test/kubernetes/clock.c']);
    const volumes = new Map<string, string>();
    const shift = (pod: string, seconds: number) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(seconds));
      // The file is written in place, since the server has mapped it.
      writeFileSync(`${volumes.get(pod)}/clock.shift`, bytes, { flag: 'r+' });
    };
    for (const pod of pods) {
      const volume = await this.#volume(pod);
      volumes.set(pod, volume);
      copyFileSync(library, `${volume}/clock.so`);
      writeFileSync(`${volume}/clock.shift`, Buffer.alloc(8));
    }
    const setEnvironment = async (...settings: string[]) => {
      await this.cluster.kubectl([
        ...[
          'set',
          'env',
          `statefulset/${set}`,
          '--namespace',
          namespace,
          '--containers=redis',
          ...settings,
        ],
      ]);
      await this.cluster.settled(namespace);
    };
    await setEnvironment('LD_PRELOAD=/data/clock.so', 'CLOCK_SHIFT=/data/clock.shift');
    return { shift, [Symbol.asyncDispose]: () => setEnvironment('LD_PRELOAD-', 'CLOCK_SHIFT-') };
  }

  /** The folder on this machine that a pod has at /data. */
  async #volume(pod: string): Promise<string> {
    const { spec } = await this.cluster.get(`persistentvolumeclaim/data-${pod}`, namespace);
    const node = await this.cluster.nodeOf(namespace, pod);
    const volume = await this.cluster.get(`persistentvolume/${spec.volumeName}`);
    return this.cluster.path(`${node.name}/root${volume.spec.local.path}`);
  }

  /** The master, by the first Sentinel that answers. */
  async #named(asked: string[]): Promise<string> {
    const answers = asked.map((pod) =>
      this.#cli(pod, 'sentinel', 'sentinel', 'get-master-addr-by-name', 'quotes'),
    );
    const [name = ''] = (await Promise.any(answers)).split('.');
    assert.ok(pods.includes(name), name);
    return name;
  }

  #cli(pod: string, container: 'redis' | 'sentinel', ...command: string[]): Promise<string> {
    const port = container === 'sentinel' ? ['-p', '26379'] : [];
    return this.cluster.exec(namespace, pod, container, [
      'valkey-cli',
      '--user',
      'node',
      '-e',
      ...port,
      ...command,
    ]);
  }
}

function hasCrashed({ status }: Pod): boolean {
  return status?.containerStatuses?.some(({ restartCount }) => restartCount > 0) === true;
}

function isReady({ status }: Pod): boolean {
  return (
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ===
    true
  );
}
