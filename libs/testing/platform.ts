import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedisProgram, freePort, type RedisServer, startRedis } from '../../deploy/local/redis-server.ts';
import { findSecrets, secret } from './secrets.ts';
import { ServiceProcess } from './service-process.ts';

/** The key of every service that a test starts. */
export const ADMIN_KEY = secret('admin-key');

/**
 * A platform of its own for a suite: a real Redis, and the built services as the suite asks for them.
 *
 *     const platform = new Platform();
 *     beforeAll(() => platform.start());
 *     afterAll(() => platform.stop());
 */
export class Platform {
  /** Client for looking into Redis; it reconnects by itself. */
  redis: Redis = new Redis({ lazyConnect: true });
  redisPort = 0;
  private readonly folder = mkdtempSync(join(tmpdir(), 'platform-'));
  private readonly logs = join(this.folder, 'logs');
  private readonly services: ServiceProcess[] = [];
  private readonly redisArgs: readonly string[];
  private server: RedisServer | undefined;

  /** @param redisArgs further arguments of Redis, as on its command line */
  constructor(redisArgs: readonly string[] = []) {
    this.redisArgs = redisArgs;
  }

  /** Starts Redis. */
  async start(): Promise<void> {
    mkdirSync(this.logs);
    this.redisPort = await freePort();
    await this.startRedis();
    this.redis = new Redis(this.redisPort, '127.0.0.1', { retryStrategy: () => 20 });
    this.redis.on('error', () => {});
  }

  /** Starts Redis (again), on the same port and with the data it had. */
  async startRedis(): Promise<void> {
    this.server = await startRedis(findRedisProgram(), {
      port: this.redisPort,
      dir: join(this.folder, 'redis'),
      args: this.redisArgs,
    });
  }

  /** Sends a signal to Redis; after SIGKILL its process is gone when this answers. */
  async signalRedis(signal: NodeJS.Signals): Promise<void> {
    const child = this.server?.process;
    const exited = new Promise((done) => child?.once('exit', done));
    child?.kill(signal);
    if (signal === 'SIGKILL') await exited;
  }

  /** Starts one more service, without waiting for it; a setting overrides what the tests use otherwise. */
  async launch(app: string, env: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
    const service = await ServiceProcess.start(
      app,
      {
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: String(this.redisPort),
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
   * @throws Error when a service has logged a secret
   */
  async stop(): Promise<void> {
    this.redis.disconnect();
    await Promise.all(this.services.map((service) => service.end('SIGKILL')));
    // A stopped process ends only by SIGKILL.
    await this.signalRedis('SIGKILL');
    const leaked = findSecrets(this.logs);
    rmSync(this.folder, { recursive: true, force: true });
    if (leaked.length > 0) throw new Error(`secrets in the logs:\n${leaked.join('\n')}`);
  }
}
