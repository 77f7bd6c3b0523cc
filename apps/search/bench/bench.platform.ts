import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { imageMemorySettings } from '#libs/testing/image-memory.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import {
  findRedisProgram,
  freePort,
  type RedisServer,
  startRedis,
} from '#libs/testing/redis-server.ts';
import { untilReady } from '#libs/testing/until-ready.ts';

/** The key of the services that a bench starts. */
export const BENCH_KEY = 'only-for-this-bench';

/** How long a service may take to start: an index of a million quotes is made meanwhile. */
const READY_WITHIN_MS = 600_000;

/** A built service that takes requests. */
export interface BenchService {
  pid: number;
  url: string;
  /** From the start of the process to ready. */
  seconds: number;
  /** Resident memory now, in MB. */
  memory(): number;
  kill(): void;
}

/**
 * A Redis of the bench's own, and built services over it, with the memory flags that they are
 * deployed with.
 */
export class BenchPlatform {
  readonly client: Redis;
  readonly writer: QuoteWriter;
  readonly #redis: RedisServer;
  readonly #folder: string;
  readonly #services: ChildProcess[] = [];

  private constructor(redis: RedisServer, folder: string) {
    this.#redis = redis;
    this.#folder = folder;
    this.client = new Redis(redis.port, '127.0.0.1');
    this.writer = new QuoteWriter(this.client);
  }

  static async start(): Promise<BenchPlatform> {
    const folder = mkdtempSync(join(tmpdir(), 'search-bench-'));
    const args = ['--appendfsync', 'no'];
    return new BenchPlatform(
      await startRedis(findRedisProgram(), { port: 0, dir: folder, args }),
      folder,
    );
  }

  async service(app: string, env: NodeJS.ProcessEnv = {}): Promise<BenchService> {
    const port = await freePort();
    const begin = performance.now();
    const child = spawn(process.execPath, [`dist/apps/${app}/main.js`], {
      env: {
        ...imageMemorySettings(),
        APP_PORT: String(port),
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: String(this.#redis.port),
        THROTTLE_LIMIT: '0',
        ADMIN_KEY: BENCH_KEY,
        LOG_LEVEL: 'warn',
        ...env,
      },
      // The audit log of thousands of writes would hide the figures.
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#services.push(child);
    const url = `http://127.0.0.1:${port}`;
    await untilReady(child, url, READY_WITHIN_MS);
    return {
      pid: child.pid ?? 0,
      url,
      seconds: (performance.now() - begin) / 1000,
      memory: () =>
        Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) /
        1024,
      kill: () => child.kill('SIGKILL'),
    };
  }

  stop(): void {
    for (const child of this.#services) child.kill('SIGKILL');
    this.client.disconnect();
    this.#redis.process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
