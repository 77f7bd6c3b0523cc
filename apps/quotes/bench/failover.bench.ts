/**
 * Measures how long nobody can write when the master of Redis goes, and whether anything is lost:
 * of a master, two replicas and three Sentinels as production has them, with a quotes service under
 * writes.
 *
 *     npm run bench -- failover [rounds] [fault]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QuoteWriters } from '#libs/testing/quote-writers.ts';
import { type RedisNode, ReplicatedRedis } from '#libs/testing/replicated-redis.ts';
import { ServiceProcess } from '#libs/testing/service-process.ts';

const KEY = 'failover-bench-key-of-32-characters';

const redis = new ReplicatedRedis();

/** What happens to the master; after each fault there are three healthy nodes again. */
const FAULTS: Record<string, (master: RedisNode) => Promise<void>> = {
  async 'handed over'(master) {
    const successor = await redis.handOver(master);
    await master.server.stop();
    await redis.restart(master, successor.port);
  },
  async 'killed, gone'(master) {
    await redis.kill(master);
    const successor = await redis.succeeded(master);
    await redis.restart(master, successor.port);
  },
  async 'killed, back at once'(master) {
    await redis.kill(master);
    await redis.restart(master);
  },
  async 'killed, back too late'(master) {
    await redis.kill(master);
    await redis.electing();
    await redis.restart(master);
    await redis.succeeded(master);
  },
  async 'frozen until replaced'(master) {
    master.server.process.kill('SIGSTOP');
    await redis.succeeded(master);
    master.server.process.kill('SIGCONT');
  },
};

const rounds = Number(process.argv[2] ?? 10);
const only = process.argv[3];
const folder = mkdtempSync(join(tmpdir(), 'failover-'));
try {
  await redis.start();
  const env = { ...redis.env('quotes'), ADMIN_KEY: KEY, THROTTLE_LIMIT: '0', DRAIN_SECONDS: '0' };
  const quotes = await (
    await ServiceProcess.start('quotes', env, join(folder, 'quotes.log'))
  ).ready();
  for (const [name, fault] of Object.entries(FAULTS)) {
    if (only !== undefined && name !== only) continue;
    const gaps: number[] = [];
    let acknowledged = 0;
    let lost = 0;
    let slowest = 0;
    const unexpected: unknown[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const master = await redis.whole();
      const writers = new QuoteWriters(quotes, KEY, 4);
      await writers.more(50);
      await fault(master);
      await redis.whole();
      await writers.more(50);
      await writers.stop();
      gaps.push(writers.gapMs);
      acknowledged += writers.acknowledged.length;
      lost += (await writers.lost()).length;
      slowest = Math.max(slowest, writers.slowestMs);
      unexpected.push(...writers.unexpected);
      process.stderr.write(`${name}: ${Math.round(writers.gapMs)} ms\n`);
    }
    gaps.sort((a, b) => a - b);
    const seconds = (ms = 0) => (ms / 1000).toFixed(2);
    const median = seconds(gaps[gaps.length >> 1]);
    const gap = `gap median ${median} s, longest ${seconds(gaps.at(-1))} s`;
    const example = unexpected.length > 0 ? JSON.stringify(unexpected[0]) : '';
    console.log(
      `${name.padEnd(22)} ${gap}; ` +
        `${acknowledged} acknowledged, ${lost} lost; slowest answer ${seconds(slowest)} s; ` +
        `${unexpected.length} answers other than 201 and 503 ${example}`,
    );
  }
  await quotes.end('SIGKILL');
} finally {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}
