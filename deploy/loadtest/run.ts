/**
 * `npm run loadtest`: runs k6 against a local shop, measures the CPU cost of a page, and predicts
 * from it what the autoscaler of the manifests would do, as text and in `data/autoscaling.svg`.
 * `npm run loadtest -- ADDRESS` aims k6 at the Service of a cluster instead, and plots what
 * `kubectl get hpa` says. k6 comes from K6 or the PATH, or is installed with Go at a pinned
 * version.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findRedisProgram, freePort, startRedis } from '#libs/testing/redis-server.ts';
import { untilReady } from '#libs/testing/until-ready.ts';
import { plot, type Sample, table } from './plot.ts';
import { readSettings, simulate } from './simulation.ts';

const K6_VERSION = 'v1.8.1';
const PICTURE = 'data/autoscaling.svg';
/** The peak of the simulated load needs so many pods. */
const PEAK_PODS = 20;
const CLUSTER = {
  syncPeriodSeconds: 15,
  metricsPeriodSeconds: 15,
  podStartSeconds: 4,
  requestCores: 0.1,
  limitCores: 0.2,
};

const k6 = findK6();
const [address] = process.argv.slice(2);
const samples = address ? await watchCluster(address) : await simulateFromLocal();
console.log(`\nReplicas over time:\n${table(samples)}`);
mkdirSync('data', { recursive: true });
writeFileSync(
  PICTURE,
  plot(samples, address ? 'Replicas of the shop' : 'Replicas of the shop, predicted'),
);
console.log(`\nPlot: ${PICTURE}`);

function findK6(): string {
  const cached = resolve('data/go/bin/k6');
  for (const program of [process.env.K6, 'k6', cached]) {
    if (program && spawnSync(program, ['version'], { stdio: 'ignore' }).status === 0)
      return program;
  }
  console.log('Installing k6 with Go into data/ ...');
  execFileSync('go', ['install', `go.k6.io/k6@${K6_VERSION}`], {
    env: { ...process.env, GOBIN: resolve('data/go/bin') },
    stdio: 'inherit',
  });
  return cached;
}

async function watchCluster(target: string): Promise<Sample[]> {
  const seen: Sample[] = [];
  const start = Date.now();
  const test = spawn(k6, ['run', '-e', `SHOP=${target}`, 'deploy/loadtest/shop.js'], {
    stdio: 'inherit',
  });
  const ended = new Promise((done) => test.once('exit', done));
  let over = Number.POSITIVE_INFINITY;
  void ended.then(() => {
    over = Date.now();
  });
  const query = ['get', 'hpa', 'privrocket-autoscaler', '-n', 'privrocket-preprod', '-o', 'json'];
  // The two minutes after the load show how the replicas go.
  while (Date.now() < over + 120_000) {
    const { status } = JSON.parse(execFileSync('kubectl', query, { encoding: 'utf8' }));
    const at = Math.round((Date.now() - start) / 1000);
    const load = status.currentMetrics?.[0]?.resource?.current?.averageUtilization ?? 0;
    seen.push({ at, load: load * status.currentReplicas, replicas: status.currentReplicas });
    await new Promise((done) => setTimeout(done, 2_000));
  }
  return seen;
}

async function simulateFromLocal(): Promise<Sample[]> {
  const cost = await measureCost();
  const peak = (PEAK_PODS * CLUSTER.requestCores * readSettings().targetUtilization) / cost;
  console.log(
    `\nA page costs ${(cost * 1e6).toFixed(0)} us of CPU; ` +
      `simulated peak: ${peak.toFixed(0)} pages/s.`,
  );
  const load = { start: 30, ramp: 30, plateau: 60, rest: 90, peak };
  const predicted = simulate(readSettings(), CLUSTER, load, cost);
  const up = predicted.find(({ replicas }) => replicas > 1)?.at ?? Number.NaN;
  const down = predicted.findLast(({ replicas }) => replicas > 1)?.at ?? Number.NaN;
  console.log(`The ramp begins at ${load.start} s; first scale-up at ${up} s.`);
  console.log(
    `The load ends at ${load.start + load.ramp + load.plateau} s; ` +
      `back to one pod at ${down + 1} s.`,
  );
  return predicted;
}

/** Runs k6 against a new shop, and answers the CPU seconds that the shop spends on a page. */
async function measureCost(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'loadtest-'));
  const redis = await startRedis(findRedisProgram(console.log), { port: 0, dir: folder });
  const children: ChildProcess[] = [];
  const [quotes, search, shop] = await Promise.all([freePort(), freePort(), freePort()]);
  const env = {
    ...process.env,
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(redis.port),
    ADMIN_KEY: randomBytes(12).toString('hex'),
    THROTTLE_LIMIT: '0',
    LOG_LEVEL: 'warn',
    COOKIE_SECRET: randomBytes(32).toString('hex'),
    DEMO_MODE: 'True',
    STRIPE_WEBHOOK_SECRET: randomBytes(12).toString('hex'),
    QUOTES_URL: `http://127.0.0.1:${quotes}`,
    SEARCH_URL: `http://127.0.0.1:${search}`,
  };
  const launch = async (app: string, port: number) => {
    const child = spawn(process.execPath, [`dist/apps/${app}/main.js`], {
      env: { ...env, APP_PORT: String(port) },
      stdio: 'inherit',
    });
    children.push(child);
    await untilReady(child, `http://127.0.0.1:${port}`);
    return child;
  };
  try {
    execFileSync(
      process.execPath,
      ['dist/apps/import/main.js', 'quotes', 'deploy/local/sample.csv'],
      { env },
    );
    await Promise.all([launch('quotes', quotes), launch('search', search)]);
    const process_ = await launch('shop', shop);
    const before = cpuSeconds(process_);
    const summary = join(folder, 'summary.json');
    const settings = ['PEAK=60', 'RAMP=10s', 'PLATEAU=20s', `SHOP=http://127.0.0.1:${shop}`];
    const args = [
      'run',
      '--quiet',
      '--summary-export',
      summary,
      ...settings.flatMap((setting) => ['-e', setting]),
    ];
    const test = spawn(k6, [...args, 'deploy/loadtest/shop.js'], { stdio: 'inherit' });
    const code = await new Promise((done) => test.once('exit', done));
    if (code !== 0) throw new Error(`k6 ended with status ${code}: a threshold was missed`);
    const { metrics } = JSON.parse(readFileSync(summary, 'utf8'));
    return (cpuSeconds(process_) - before) / metrics.pages.count;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** CPU time of a process so far, in seconds (Linux). */
function cpuSeconds(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
