import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisUser } from '#libs/redis-acl/redis.acl.ts';
import { eventually } from './eventually.ts';
import { findRedisProgram, freePort, type RedisServer, startRedis } from './redis-server.ts';
import { denied, OPERATOR, redisPassword, writeUsers } from './redis-users.ts';

/**
 * Elections and the refusal of writes depend on these; deploy/components/redis-sentinel has them.
 */
const REPLICAS_TO_WRITE = 1;
const REDIS_ARGS = [
  ...['--appendfsync', 'always', '--repl-diskless-sync-delay', '0'],
  ...['--min-replicas-to-write', String(REPLICAS_TO_WRITE), '--min-replicas-max-lag', '10'],
];
const DOWN_AFTER_MS = 2000;
/** Each further Sentinel waits longer, so that two seldom stand for election at once. */
const DOWN_LATER_MS = 500;
const FAILOVER_TIMEOUT_MS = 5000;

/** An election without a winner is repeated after twice the failover timeout. */
const ELECTION_DEADLINE_MS = 60_000;

/** A master that wants more replicas than there are refuses every write. */
const TOO_MANY_REPLICAS = 3;

/** A Redis node, and a client that reconnects by itself. */
export interface RedisNode {
  port: number;
  server: RedisServer;
  client: Redis;
}

/** A Sentinel, and a client that reconnects by itself. */
export interface SentinelNode {
  port: number;
  process: ChildProcess;
  client: Redis;
}

/** A master, two replicas and three Sentinels, with the users of production, as local processes. */
export class ReplicatedRedis {
  nodes: RedisNode[] = [];
  sentinels: SentinelNode[] = [];
  private readonly outdated: ChildProcess[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'replicated-'));
  private readonly program = findRedisProgram();
  private readonly users = writeUsers(this.folder);

  /** The settings that lead a service to this Redis, as one of the users. */
  env(user: RedisUser): NodeJS.ProcessEnv {
    const password = redisPassword(user);
    return {
      REDIS_SENTINELS: this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
      ...{ REDIS_USERNAME: user, REDIS_PASSWORD: password },
      ...{ REDIS_SENTINEL_USERNAME: user, REDIS_SENTINEL_PASSWORD: password },
    };
  }

  /** Starts everything, and waits until all know of each other. */
  async start(): Promise<void> {
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const [first] = ports;
    for (const port of ports) {
      const server = await this.launch(port, port === first ? undefined : first);
      this.nodes.push({ port, server, client: looker(port) });
    }
    // A Sentinel asks the master for its replicas at once, and again only after 10 s.
    await eventually(async () => (await this.replicas(this.nodes[0])) === 2, 30_000);
    for (let i = 0; i < 3; i += 1) this.sentinels.push(await this.launchSentinel(first ?? 0, 2));
    await this.whole();
  }

  /**
   * Waits until there is one master with two replicas, and every Sentinel knows all. A node that
   * handed its role over takes writes again, as after its next start.
   */
  async whole(): Promise<RedisNode> {
    const whole = await eventually(async () => {
      for (const { client } of this.sentinels) {
        const master = pairs((await client.call('SENTINEL', 'MASTER', 'quotes')) as string[]);
        const replicas = (await client.call('SENTINEL', 'REPLICAS', 'quotes')) as string[][];
        const healthy = replicas.filter((replica) => pairs(replica).get('flags') === 'slave');
        if (master.get('flags') !== 'master' || master.get('num-other-sentinels') !== '2')
          return false;
        if (healthy.length !== 2) return false;
      }
      const master = await this.named();
      return master !== undefined && (await this.replicas(master)) === 2 && master;
    }, ELECTION_DEADLINE_MS);
    for (const { client } of this.nodes)
      await client.config('SET', 'min-replicas-to-write', REPLICAS_TO_WRITE);
    return whole;
  }

  /** The node that the last Sentinel names. */
  async named(): Promise<RedisNode | undefined> {
    const answer = await this.sentinels
      .at(-1)
      ?.client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'quotes');
    return this.nodes.find(({ port }) => String(port) === (answer as string[] | undefined)?.[1]);
  }

  /** Waits until the Sentinels have begun to elect another master, which they then complete. */
  async electing(): Promise<void> {
    await eventually(async () => {
      const states = this.sentinels.map(({ client }) =>
        client.call('SENTINEL', 'MASTER', 'quotes'),
      );
      const masters = await Promise.all(states as Promise<string[]>[]);
      return masters.some((master) => pairs(master).get('flags')?.includes('failover_in_progress'));
    }, ELECTION_DEADLINE_MS);
  }

  /** Waits until the Sentinels name another master than this one, and it has a replica. */
  async succeeded(node: RedisNode): Promise<RedisNode> {
    return eventually(async () => {
      const master = await this.named();
      return master !== undefined && master !== node && (await this.replicas(master)) > 0 && master;
    }, ELECTION_DEADLINE_MS);
  }

  /** Ends a node as a crash does; it is gone when this answers. */
  async kill(node: RedisNode): Promise<void> {
    const exited = new Promise((done) => node.server.process.once('exit', done));
    node.server.process.kill('SIGKILL');
    await exited;
  }

  /**
   * Starts a node that has ended, with the data that it had.
   * @param master port of its master; without it the node believes to be one
   */
  async restart(node: RedisNode, master?: number): Promise<void> {
    node.server = await this.launch(node.port, master);
  }

  /** Ends a Sentinel, and starts it with what it knew. */
  async restartSentinel(sentinel: SentinelNode): Promise<void> {
    const exited = new Promise((done) => sentinel.process.once('exit', done));
    sentinel.process.kill('SIGKILL');
    await exited;
    sentinel.process = this.spawnSentinel(sentinel.port);
  }

  /**
   * Hands the role of the master over, as its pod does before it stops: writes are refused first,
   * so that the replicas get all that was acknowledged.
   */
  async handOver(node: RedisNode): Promise<RedisNode> {
    await node.client.config('SET', 'min-replicas-to-write', TOO_MANY_REPLICAS);
    const { length } = this.nodes.slice(1);
    await eventually(async () => (await node.client.wait(length, 1000)) === length);
    await eventually(
      async () =>
        (await this.sentinels.at(-1)?.client.call('SENTINEL', 'FAILOVER', 'quotes')) === 'OK',
    );
    return this.succeeded(node);
  }

  /**
   * Starts a master and a Sentinel that nobody else knows, as if a network partition had separated
   * them at the beginning; answers the Sentinel's port.
   */
  async startOutdated(): Promise<number> {
    const server = await startRedis(this.program, {
      port: 0,
      dir: join(this.folder, 'outdated'),
      args: this.users.redis,
    });
    this.outdated.push(server.process);
    const { port, process: child, client } = await this.launchSentinel(server.port, 1);
    this.outdated.push(child);
    await eventually(() => client.ping());
    client.disconnect();
    return port;
  }

  /**
   * Ends all.
   * @throws Error when a service or a server has sent a command that its user may not use
   */
  async stop(): Promise<void> {
    const clients = [...this.nodes, ...this.sentinels].map(({ client }) => client);
    const refused = await denied(clients);
    for (const client of clients) client.disconnect();
    const children = [...this.sentinels.map(({ process: child }) => child), ...this.outdated];
    // A stopped process ends only by SIGKILL.
    for (const child of [...children, ...this.nodes.map(({ server }) => server.process)])
      child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
    if (refused.length > 0) throw new Error(`Redis has refused commands:\n${refused.join('\n')}`);
  }

  private launch(port: number, master?: number): Promise<RedisServer> {
    const role = master === undefined ? [] : ['--replicaof', '127.0.0.1', String(master)];
    return startRedis(this.program, {
      port,
      dir: join(this.folder, `${port}`),
      args: [...REDIS_ARGS, ...this.users.redis, ...role],
    });
  }

  private async launchSentinel(master: number, quorum: number): Promise<SentinelNode> {
    const port = await freePort();
    const downAfterMs = DOWN_AFTER_MS + DOWN_LATER_MS * this.sentinels.length;
    const settings = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${this.folder}`,
      `sentinel monitor quotes 127.0.0.1 ${master} ${quorum}`,
      `sentinel down-after-milliseconds quotes ${downAfterMs}`,
      `sentinel failover-timeout quotes ${FAILOVER_TIMEOUT_MS}`,
      ...this.users.sentinel,
    ];
    writeFileSync(this.configuration(port), settings.join('\n'));
    return { port, process: this.spawnSentinel(port), client: looker(port) };
  }

  private spawnSentinel(port: number): ChildProcess {
    return spawn(this.program.command, [this.configuration(port), '--sentinel'], {
      env: this.program.env,
      stdio: 'ignore',
    });
  }

  /** The file in which a Sentinel keeps what it knows. */
  private configuration(port: number): string {
    return join(this.folder, `sentinel-${port}.conf`);
  }

  private async replicas(node: RedisNode | undefined): Promise<number> {
    const info = (await node?.client.info('replication')) ?? '';
    return info.match(/^slave\d+:.*state=online/gm)?.length ?? 0;
  }
}

/** A client for looking into a node, which may come and go. */
function looker(port: number): Redis {
  const client = new Redis(port, '127.0.0.1', {
    ...OPERATOR,
    retryStrategy: () => 20,
    commandTimeout: 2000,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  client.on('error', () => {});
  return client;
}

function pairs(fields: string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) map.set(fields[i] ?? '', fields[i + 1] ?? '');
  return map;
}
