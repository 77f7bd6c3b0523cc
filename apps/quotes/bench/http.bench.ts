/**
 * `npm run bench`: measures the quotes service beside baselines that do the same work, all on the
 * same Redis, interleaved in many short rounds. The ratios of CPU time a request count: on a shared
 * machine they are stable where requests a second are not. It needs wrk (fetched from Debian if
 * missing) and, for the last row, python3.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { decodeQuote, encodeText } from '#libs/quotes/quote.document.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { QUOTE_SCRIPTS } from '#libs/quotes/quote.scripts.ts';
import { defineScripts } from '#libs/redis/redis.scripts.ts';
import { findProgram } from '#libs/testing/debian.ts';
import { findRedisProgram, freePort, startRedis } from '#libs/testing/redis-server.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 12);
const SECONDS = 1;
const CONNECTIONS = 32;
const QUOTES = 1000;
/**
 * Processes of one program differ by some per cent, so that fine differences need several pairs.
 */
const PAIRS = 3;

/** What measures, and what stands there without it. */
const MEASURING = {
  'const observers=[measureRequests(fastify,definition.name)];': '',
  'http.onRefusal=observeResponses(fastify,observers);': '',
  'duration.observe((performance.now()-start)/1e3);': '',
  ',defaultMetrics:{enabled:true}': ',defaultMetrics:{enabled:false}',
};
/** What lets pages of any origin and caches use an answer. */
const SHARING = {
  'if(isApi)reply.headers(CORS_HEADERS)': '',
  'if(isApi)negotiateResponses(fastify);': '',
};

interface Server {
  name: string;
  port: number;
  process: ChildProcess;
  /** Time from spawn to the first 200 on /healthz. */
  startMs: number;
}

interface Sample {
  rate: number;
  cpu: number;
  p99: number;
}

const folder = mkdtempSync(join(tmpdir(), 'quotes-bench-'));
const wrk = findProgram(['wrk'], 'wrk', console.log);
if (!wrk) throw new Error('wrk is needed: apt-get install wrk');
const redis = await startRedis(findRedisProgram(console.log), { port: 0, dir: folder });
const servers: Server[] = [];

try {
  const id = await seed();
  const app = (name: string, env: NodeJS.ProcessEnv) =>
    launch(name, ['dist/apps/quotes/main.js'], env);
  const service = await app('service', {});
  const limited = await app('service, limiter on', {
    THROTTLE_LIMIT: '10',
    TRUSTED_PROXIES: '127.0.0.1',
  });
  const fastify = await launch('bare Fastify', ['apps/quotes/bench/baseline.ts', 'fastify']);
  const http = await launch('bare node:http', ['apps/quotes/bench/baseline.ts', 'http']);
  const flask = await launchFlask();

  console.log(
    `${ROUNDS} interleaved rounds of ${SECONDS} s, ${CONNECTIONS} connections; ` +
      'CPU is user + system time of the server\n',
  );
  console.log(
    'what'.padEnd(34) +
      'req/s'.padStart(8) +
      'CPU us/req'.padStart(12) +
      'p99 ms'.padStart(8) +
      'RSS MiB'.padStart(9),
  );
  const one = `/quotes/${id}`;
  const byId = await compare('GET /quotes/{id}', one, [
    service,
    fastify,
    http,
    limited,
    ...(flask ? [flask] : []),
  ]);
  const groups: { whole: Server; unobserved: Server; unshared: Server }[] = [];
  const unobserved = bundleWithout('unobserved', MEASURING);
  const unshared = bundleWithout('unshared', SHARING);
  for (let i = 1; i <= PAIRS; i++) {
    groups.push({
      whole: await app(`service, ${i}`, {}),
      unobserved: await launch(`unobserved, ${i}`, [unobserved], { LOG_LEVEL: 'silent' }),
      unshared: await launch(`no CORS, no tags, ${i}`, [unshared]),
    });
  }
  const contestants = groups.flatMap((group) => Object.values(group));
  const overhead = await compare('GET /quotes/{id}', one, contestants);
  for (const { process: child } of contestants) child.kill('SIGKILL');
  const list = await compare('GET /quotes', '/quotes', [service, fastify, http]);
  const shop = await launch('shop', ['dist/apps/shop/main.js'], {
    DEMO_MODE: 'True',
    COOKIE_SECRET: 'only-for-the-carts-of-the-bench-itself',
    STRIPE_WEBHOOK_SECRET: 'only-for-the-bench',
    QUOTES_URL: `http://127.0.0.1:${service.port}`,
  });
  const page = await launch(
    'same page, bare Fastify',
    ['apps/quotes/bench/baseline.ts', 'fastify'],
    {
      PAGE_URL: `http://127.0.0.1:${shop.port}/`,
    },
  );
  const catalogue = await compare('GET / of the shop', '/', [shop, page]);
  const starts = await startTimes();
  const imported = importRate();

  console.log('\nratio (1 / CPU a request, median of rounds)              measured   budget');
  verdict('GET /quotes/{id} against bare Fastify', ratio(byId, service, fastify), 0.85);
  verdict('GET /quotes/{id} against bare node:http', ratio(byId, service, http), 0.72);
  verdict('GET /quotes against bare Fastify', ratio(list, service, fastify), 0.85);
  verdict('GET /quotes against bare node:http', ratio(list, service, http), 0.72);
  const cost = (of: 'unobserved' | 'unshared') =>
    median(groups.map((group) => ratio(overhead, group.whole, group[of])));
  verdict('with metrics, logs, tracing off, against without', cost('unobserved'), 0.9);
  verdict('with CORS, Cache-Control and entity tags, against without', cost('unshared'), 0.9);
  verdict('limiter on against off', ratio(byId, limited, service), 0.6);
  if (flask)
    verdict('GET /quotes/{id} against Flask under gunicorn', ratio(byId, service, flask), 8);
  verdict('catalogue page of the shop against bare Fastify', ratio(catalogue, shop, page), 0.7);
  verdict('importer, thousands of quotes a second', imported / 1000, 20);
  verdict(
    'start to first /healthz, bare Fastify / service',
    median(starts.fastify) / median(starts.service),
    1,
  );
} finally {
  for (const { process: child } of servers) child.kill('SIGKILL');
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** The service's bundle without something for which the product has no switch. */
function bundleWithout(name: string, parts: Readonly<Record<string, string>>): string {
  const copy = resolve(`data/bench/${name}`);
  cpSync('dist/apps/quotes', copy, { recursive: true });
  let source = readFileSync(`${copy}/main.js`, 'utf8');
  for (const [part, instead] of Object.entries(parts)) {
    if (!source.includes(part)) throw new Error(`the bundle has no ${part}`);
    source = source.replaceAll(part, instead);
  }
  writeFileSync(`${copy}/main.js`, source);
  return `${copy}/main.js`;
}

async function seed(): Promise<string> {
  const client = new Redis({ port: redis.port });
  defineScripts(client, QUOTE_SCRIPTS);
  const { quote, quotes, byUser, authors, clock, log, imported } = shardKeys(0);
  const now = new Date();
  const texts = Array.from({ length: QUOTES }, (_, i) => [
    '',
    encodeText(`Mille millions de mille sabords, n° ${i} !`),
    '',
  ]);
  const ids = await client.addQuotes(
    7,
    ...[quote, quotes, byUser, authors, clock, log, imported],
    ...[1, 0, now.getTime() * 1000, now.toISOString(), ...texts.flat()],
  );
  const id = ids[0] ?? '';
  const document = await client.get(quote + id);
  if (document !== null) {
    const fields = Object.entries(decodeQuote(document)).map(([name, value]) => [name, `${value}`]);
    await client.hset(`flask:quote:${id}`, ...fields.flat());
  }
  client.disconnect();
  return id;
}

async function launch(
  name: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
  command = process.execPath,
): Promise<Server> {
  const port = await freePort();
  const log = logPipe(port);
  const started = performance.now();
  const child = spawn('taskset', ['-c', '0', command, ...args], {
    env: {
      ...process.env,
      ...{
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: String(redis.port),
        APP_PORT: String(port),
        THROTTLE_LIMIT: '0',
      },
      ...{
        ADMIN_KEY: 'only-for-the-bench-and-nothing-else',
        NODE_ENV: 'production',
        NODE_COMPILE_CACHE: resolve('data/compile-cache'),
        ...env,
      },
    },
    stdio: ['ignore', log, 'inherit'],
  });
  // The reader of the log ends with the server only when no one else holds the pipe.
  closeSync(log);
  const server = { name, port, process: child, startMs: 0 };
  servers.push(server);
  while (!(await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null) throw new Error(`${name} ended with status ${child.exitCode}`);
    await new Promise((done) => setTimeout(done, 2));
  }
  server.startMs = performance.now() - started;
  return server;
}

/** A pipe that is read, as a container's log is. */
function logPipe(port: number): number {
  const path = join(folder, `${port}.log`);
  execFileSync('mkfifo', [path]);
  spawn('taskset', ['-c', '1', 'sh', '-c', 'exec cat "$0" >/dev/null', path], { stdio: 'ignore' });
  return openSync(path, 'w');
}

async function launchFlask(): Promise<Server | undefined> {
  const venv = resolve('data/flask');
  try {
    if (!existsSync(join(venv, 'bin/gunicorn'))) {
      execFileSync('python3', ['-m', 'venv', venv], { stdio: 'ignore' });
      execFileSync(
        join(venv, 'bin/pip'),
        [
          'install',
          '-q',
          'flask==3.1.2',
          'gunicorn==23.0.0',
          'redis==7.1.0',
          'prometheus-client==0.23.1',
        ],
        {
          stdio: 'ignore',
        },
      );
    }
  } catch {
    console.log('The Flask row is left out: python3 could not install flask, gunicorn and redis.');
    return undefined;
  }
  const port = await freePort();
  const child = spawn(
    'taskset',
    [
      '-c',
      '0',
      join(venv, 'bin/gunicorn'),
      '--chdir',
      'apps/quotes/bench',
      '-b',
      `127.0.0.1:${port}`,
      '-w',
      '1',
      'baseline:app',
    ],
    {
      env: { ...process.env, REDIS_PORT: String(redis.port), PYTHONDONTWRITEBYTECODE: '1' },
      stdio: 'ignore',
    },
  );
  const server = { name: 'Flask, gunicorn', port, process: child, startMs: 0 };
  servers.push(server);
  while (!(await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.ok) {
    await new Promise((done) => setTimeout(done, 20));
  }
  return server;
}

/** Runs the rounds and prints a row per server; answers the samples by server, in that order. */
async function compare(
  what: string,
  path: string,
  contestants: Server[],
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  await requireSameAnswer(path, contestants);
  for (let round = -1; round < ROUNDS; round++) {
    for (const server of contestants) {
      const sample = measure(server, path, round + 1);
      // The first round only warms up the compilers.
      if (round >= 0) samples.get(server.name)?.push(sample);
    }
  }
  for (const { name, process: child } of contestants) {
    const own = samples.get(name) ?? [];
    const [rate, cpu, p99] = [
      own.map((s) => s.rate),
      own.map((s) => s.cpu),
      own.map((s) => s.p99),
    ].map(median);
    console.log(
      `${what}  ${name}`.padEnd(42).slice(0, 42) +
        `${rate?.toFixed(0).padStart(8)}${cpu?.toFixed(1).padStart(8)}` +
        `${p99?.toFixed(1).padStart(8)}${rss(child).toFixed(0).padStart(9)}`,
    );
  }
  return samples;
}

/** Programs that answer differently do different work. Flask has a form of JSON of its own. */
async function requireSameAnswer(path: string, contestants: Server[]): Promise<void> {
  let expected: string | undefined;
  for (const { name, port } of contestants) {
    if (name.startsWith('Flask')) continue;
    const answer = await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    expected ??= answer;
    if (answer !== expected) throw new Error(`${name} answers ${path} with ${answer}`);
  }
}

function measure(server: Server, path: string, round: number): Sample {
  const limited = server.name.includes('limiter');
  const script = limited ? ['-s', 'apps/quotes/bench/clients.lua'] : [];
  const before = cpuSeconds(server.process);
  const output = execFileSync(
    'taskset',
    [
      '-c',
      '1',
      wrk?.command ?? '',
      '-t1',
      `-c${CONNECTIONS}`,
      `-d${SECONDS}s`,
      '--latency',
      ...script,
      `http://127.0.0.1:${server.port}${path}`,
      ...(limited ? ['--', String(round)] : []),
    ],
    { encoding: 'utf8', env: wrk?.env },
  );
  const used = cpuSeconds(server.process) - before;
  if (/Non-2xx/.test(output)) throw new Error(`${server.name} failed requests:\n${output}`);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  const [, p99 = '', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(output) ?? [];
  return {
    rate: requests / SECONDS,
    cpu: (used / requests) * 1e6,
    p99: Number(p99) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's'],
  };
}

/** CPU time of a process and its children so far, in seconds (Linux). */
function cpuSeconds(child: ChildProcess): number {
  const pids = [child.pid, ...children(child.pid)];
  return pids.reduce((sum: number, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

function children(pid: number | undefined): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

function rss(child: ChildProcess): number {
  return (
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
  );
}

async function startTimes(): Promise<{ service: number[]; fastify: number[] }> {
  const times = { service: [] as number[], fastify: [] as number[] };
  // A process that ends in good order leaves its compiled code for the next.
  for (const args of [['dist/apps/quotes/main.js'], ['apps/quotes/bench/baseline.ts', 'fastify']]) {
    const { process: child } = await launch('first start', args, { DRAIN_SECONDS: '0' });
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }
  for (let round = 0; round < 7; round++) {
    const service = await launch('service', ['dist/apps/quotes/main.js']);
    service.process.kill('SIGKILL');
    const fastify = await launch('bare Fastify', ['apps/quotes/bench/baseline.ts', 'fastify']);
    fastify.process.kill('SIGKILL');
    if (round > 0) {
      times.service.push(service.startMs);
      times.fastify.push(fastify.startMs);
    }
  }
  console.log(
    `\nstart to first /healthz: service ${median(times.service).toFixed(0)} ms, ` +
      `bare Fastify ${median(times.fastify).toFixed(0)} ms`,
  );
  return times;
}

/** Quotes a second of the importer, for so many that the start does not count. */
function importRate(): number {
  const file = join(folder, 'quotes.csv');
  const rows = Array.from(
    { length: 200_000 },
    (_, i) => `"Quote number ${i}, of the length that quotes have on average, more or less."`,
  );
  writeFileSync(file, `quote\n${rows.join('\n')}\n`);
  const output = execFileSync(process.execPath, ['dist/apps/import/main.js', 'quotes', file], {
    encoding: 'utf8',
    env: { ...process.env, REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) },
  });
  console.log(`importer: ${output.trim()}`);
  return Number(/\(([\d,]+)\/s\)/.exec(output)?.[1]?.replaceAll(',', ''));
}

function ratio(samples: Map<string, Sample[]>, ours: Server, other: Server): number {
  const others = samples.get(other.name) ?? [];
  return median(
    (samples.get(ours.name) ?? []).map(
      (sample, round) => (others[round]?.cpu ?? Number.NaN) / sample.cpu,
    ),
  );
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function verdict(what: string, measured: number, budget: number): void {
  const columns = [
    what.padEnd(56),
    measured.toFixed(2).padStart(9),
    `>= ${budget}`.padStart(9),
    measured >= budget ? '  ok' : '  MISSED',
  ];
  console.log(columns.join(''));
}
