import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import { generator } from '#libs/testing/random.ts';
import { findRedisProgram, freePort, startRedis } from '../../../deploy/local/redis-server.ts';

/**
 * A search service under a steady load for the minutes given on the command line: 500 changes a second, as many additions as deletions once the collection
 * has its size, and 50 searches a second. Memory and lag, printed twice a minute, must stay flat.
 */
const minutes = Number(process.argv[2] ?? 20);
const SIZE = 50_000;
const WRITES_A_SECOND = 500;
const SEARCHES_A_SECOND = 50;
const VOCABULARY = 20_000;

const folder = mkdtempSync(join(tmpdir(), 'search-soak-'));
const redis = await startRedis(findRedisProgram(), { port: 0, dir: folder });
const writer = new QuoteWriter(new Redis(redis.port, '127.0.0.1'));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const random = generator(1);
/** Words as often used as in a language: the n-th about 1/n of the time. */
const word = () => `word${Math.floor(VOCABULARY ** random())}`;
const quote = () => Array.from({ length: 12 }, word).join(' ');

const service = spawn(process.execPath, ['--max-semi-space-size=4', 'dist/apps/search/main.js'], {
  env: {
    APP_PORT: String(port),
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(redis.port),
    THROTTLE_LIMIT: '0',
    LOG_LEVEL: 'warn',
  },
  stdio: 'inherit',
});
const ids: string[] = [];
let searches: number[] = [];
try {
  while (ids.length < SIZE) ids.push(...(await writer.add(...Array.from({ length: 128 }, quote))));
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) await delay(50);
  console.log('minute  documents  RSS MiB  lag ms  lag entries  resyncs  search p50 ms  p99 ms  Redis MiB');
  const begin = performance.now();
  let [written, searched, shown] = [0, 0, 0];
  for (;;) {
    const seconds = (performance.now() - begin) / 1000;
    if (seconds > minutes * 60) break;
    const writes: Promise<unknown>[] = [];
    for (; written < seconds * WRITES_A_SECOND; written += 2) {
      writes.push(writer.add(quote()).then((added) => ids.push(...added)));
      writes.push(writer.remove(ids.shift() ?? ''));
    }
    await Promise.all(writes);
    for (; searched < seconds * SEARCHES_A_SECOND; searched++) await search();
    if (seconds >= shown * 30) {
      shown++;
      await show(seconds);
    }
    await delay(10);
  }
} finally {
  service.kill('SIGTERM');
  writer.client.disconnect();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function search(): Promise<void> {
  const start = performance.now();
  const answer = await fetch(`${url}/search?keyword=${encodeURIComponent(`${word()} ${word()}`)}`);
  if (!answer.ok) throw new Error(`search answered ${answer.status}`);
  await answer.arrayBuffer();
  searches.push(performance.now() - start);
}

async function show(seconds: number): Promise<void> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1]);
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]) / 1024;
  const memory = Number(/used_memory:(\d+)/.exec(await writer.client.info('memory'))?.[1]) / 2 ** 20;
  searches.sort((a, b) => a - b);
  const at = (share: number) => (searches[Math.floor(searches.length * share)] ?? 0).toFixed(1);
  const cells = [
    [(seconds / 60).toFixed(1), 6],
    [value('search_index_documents'), 11],
    [rss.toFixed(0), 9],
    [(value('search_index_lag_seconds') * 1000).toFixed(0), 8],
    [value('search_index_lag_entries'), 13],
    [value('search_index_resyncs_total'), 9],
    [at(0.5), 15],
    [at(0.99), 8],
    [memory.toFixed(0), 11],
  ] as const;
  console.log(cells.map(([cell, width]) => String(cell).padStart(width)).join(''));
  searches = [];
}
