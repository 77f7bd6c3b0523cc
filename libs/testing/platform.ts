import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, Redis } from 'ioredis';
import type { RedisUser } from '#libs/redis-acl/redis.acl.ts';
import { eventually } from './eventually.ts';
import { findRedisProgram, freePort, type RedisServer, startRedis } from './redis-server.ts';
import { denied, OPERATOR, redisPassword, writeUsers } from './redis-users.ts';
import { findSecrets, secret } from './secrets.ts';
import { ServiceProcess } from './service-process.ts';

/** The admin key of every service that a test starts. */
export const ADMIN_KEY = secret('admin-key-of-the-services');

/**
 * What is acknowledged is in the file, so that SIGKILL takes none of it. By default Redis puts a
 * write off while the disk is busy with the last second's.
 */
const WRITE_FIRST = ['--appendfsync', 'no'];

/** Every Redis Cluster has so many slots. */
const CLUSTER_SLOTS = 16_384;
const CLUSTER_NODES = 3;

/**
 * A platform for one suite: a real Redis, and the built services that the suite asks for, each
 * logged in as its own user with the rights that it has in production.
 *
 * const platform = new Platform();
 * beforeAll(() => platform.start());
 * afterAll(() => platform.stop());
 *
 * With `TEST_REDIS=cluster` in the environment the Redis is a cluster of three nodes:
 * `npm run test:drills -- redis-cluster` runs every suite so.
 */
export class Platform {
  /** Client for looking into Redis; it reconnects by itself. */
  redis: Redis | Cluster = new Redis({ lazyConnect: true });
  private readonly folder = mkdtempSync(join(tmpdir(), 'platform-'));
  private readonly logs = join(this.folder, 'logs');
  private readonly services: ServiceProcess[] = [];
  private readonly redisArgs: readonly string[];
  private readonly isCluster: boolean;
  private userArgs: string[] = [];
  private nodes: { port: number; busPort: number }[] = [];
  private servers: RedisServer[] = [];
  /** A client of each node. */
  private clients: Redis[] = [];

  /**
   * @param redisArgs further arguments of Redis, as on its command line
   * @param isCluster whether Redis is a cluster
   */
  constructor(redisArgs: readonly string[] = [], isCluster = process.env.TEST_REDIS === 'cluster') {
    this.redisArgs = redisArgs;
    this.isCluster = isCluster;
  }

  /** The addresses of Redis, as `host:port,host:port`. */
  get redisAddress(): string {
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  /** The settings that lead a service to this Redis, as one of its users. */
  redisEnv(user: RedisUser): NodeJS.ProcessEnv {
    return {
      ...(this.isCluster
        ? { REDIS_CLUSTER: this.redisAddress }
        : { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(this.nodes[0]?.port) }),
      REDIS_USERNAME: user,
      REDIS_PASSWORD: redisPassword(user),
    };
  }

  /** Starts Redis. */
  async start(): Promise<void> {
    mkdirSync(this.logs);
    this.userArgs = writeUsers(this.folder).redis;
    const nodes = Array.from({ length: this.isCluster ? CLUSTER_NODES : 1 }, async () => ({
      port: await freePort(),
      busPort: await freePort(),
    }));
    this.nodes = await Promise.all(nodes);
    await this.startRedis();
    const options = { ...OPERATOR, retryStrategy: () => 20 };
    this.clients = this.nodes.map(({ port }) => new Redis(port, '127.0.0.1', options));
    for (const client of this.clients) client.on('error', () => {});
    this.redis = this.isCluster ? await this.meet() : (this.clients[0] ?? this.redis);
  }

  /** Starts Redis (again), on the same ports and with the data it had. */
  async startRedis(): Promise<void> {
    const program = findRedisProgram();
    this.servers = await Promise.all(
      this.nodes.map(({ port, busPort }) => {
        const cluster = this.isCluster
          ? ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)]
          : [];
        return startRedis(program, {
          port,
          dir: join(this.folder, `redis-${port}`),
          args: [...WRITE_FIRST, ...this.userArgs, ...cluster, ...this.redisArgs],
        });
      }),
    );
    if (this.isCluster) await this.whole();
  }

  /** Sends a signal to all processes of Redis; after SIGKILL they are gone when this answers. */
  async signalRedis(signal: NodeJS.Signals): Promise<void> {
    await Promise.all(
      this.servers.map(async ({ process: child }) => {
        const exited = new Promise((done) => child.once('exit', done));
        child.kill(signal);
        if (signal === 'SIGKILL') await exited;
      }),
    );
  }

  /** Deletes everything in Redis. */
  async flush(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.flushall()));
  }

  /** All keys in Redis that match a glob pattern. */
  async keys(pattern: string): Promise<string[]> {
    return (await Promise.all(this.clients.map((client) => client.keys(pattern)))).flat();
  }

  /** Changes a setting of Redis while it runs. */
  async configure(setting: string, value: string): Promise<void> {
    await Promise.all(this.clients.map((client) => client.config('SET', setting, value)));
  }

  /** Starts one more service without waiting for it; `env` overrides the settings of tests. */
  async launch(app: string, env: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
    const service = await ServiceProcess.start(
      app,
      {
        ...this.redisEnv(app as RedisUser),
        ADMIN_KEY,
        THROTTLE_LIMIT: '0',
        DRAIN_SECONDS: '0',
        ...env,
      },
      join(this.logs, `${app}-${this.services.length}.log`),
    );
    this.services.push(service);
    return service;
  }

  /** Starts one more service, and waits until it is ready. */
  async service(app: string, env: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
    return (await this.launch(app, env)).ready();
  }

  /**
   * Ends all that was started.
   * @throws Error when a service has logged a secret, or sent a command that its user may not use
   */
  async stop(): Promise<void> {
    const refused = await denied(this.clients);
    for (const client of [this.redis, ...this.clients]) client.disconnect();
    await Promise.all(this.services.map((service) => service.end('SIGKILL')));
    // A stopped process ends only by SIGKILL.
    await this.signalRedis('SIGKILL');
    const leaked = findSecrets(this.logs);
    rmSync(this.folder, { recursive: true, force: true });
    if (leaked.length > 0) throw new Error(`secrets in the logs:\n${leaked.join('\n')}`);
    if (refused.length > 0) throw new Error(`Redis has refused commands:\n${refused.join('\n')}`);
  }

  /** Makes one cluster of the nodes, and connects a client to it. */
  private async meet(): Promise<Cluster> {
    const [first] = this.nodes;
    const share = (n: number) => Math.floor((n * CLUSTER_SLOTS) / this.clients.length);
    for (const [i, client] of this.clients.entries()) {
      await client.call('CLUSTER', 'ADDSLOTSRANGE', share(i), share(i + 1) - 1);
      await client.call('CLUSTER', 'MEET', '127.0.0.1', first?.port ?? 0, first?.busPort ?? 0);
    }
    await this.whole();
    const addresses = this.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const cluster = new Cluster(addresses, {
      clusterRetryStrategy: () => 20,
      redisOptions: OPERATOR,
    });
    cluster.on('error', () => {});
    return cluster;
  }

  /** Waits until every node knows that all others are there. */
  private async whole(): Promise<void> {
    for (const client of this.clients) {
      await eventually(
        async () => String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
        30_000,
      );
    }
  }
}
