/**
 * Runs schemathesis, the schema-based fuzzer, with all its checks against the OpenAPI document of
 * each built service on a real Redis. Prints one line per service and its whole report on failure.
 * Needs python3 with venv; installs the pinned fuzzer below data/.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SERVICES } from '#libs/config/services.ts';
import { findRedisProgram, freePort, startRedis } from '#libs/testing/redis-server.ts';
import { untilReady } from '#libs/testing/until-ready.ts';

const VERSION = '4.32.5';
const SEED = '20261122';
const ADMIN_KEY = 'only-for-the-fuzzer';

const venv = resolve('data/schemathesis');
if (!existsSync(join(venv, 'bin/schemathesis'))) {
  execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
  execFileSync(join(venv, 'bin/pip'), ['install', '-q', `schemathesis==${VERSION}`], {
    stdio: 'inherit',
  });
}

const folder = mkdtempSync(join(tmpdir(), 'quotes-fuzz-'));
const redis = await startRedis(findRedisProgram(console.log), { port: 0, dir: folder });
const services: ChildProcess[] = [];
let failed = 0;
try {
  const search = await launch('search');
  for (const { name: service } of SERVICES) {
    const report = fuzz(service === 'search' ? search : await launch(service, search));
    if (report.status === 0) {
      console.log(`ok      ${service}: ${/(\d+) generated/.exec(report.output)?.[0]}`);
    } else {
      failed += 1;
      console.log(`${report.output}\nFAILED  ${service}`);
    }
  }
} finally {
  for (const child of services) child.kill('SIGKILL');
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed > 0 ? 1 : 0);

/** @param search address of the search service, which the quotes service asks */
async function launch(service: string, search = ''): Promise<string> {
  const port = await freePort();
  const env = {
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(redis.port),
    APP_PORT: String(port),
    SEARCH_URL: search,
    ADMIN_KEY,
    THROTTLE_LIMIT: '0',
    LOG_LEVEL: 'error',
    // For the shop; its pages are not in the document.
    DEMO_MODE: 'True',
    COOKIE_SECRET: 'for-the-carts-of-the-fuzzer-only-',
    STRIPE_WEBHOOK_SECRET: 'only-for-the-fuzzer',
  };
  const child = spawn(process.execPath, [`dist/apps/${service}/main.js`], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  services.push(child);
  const address = `http://127.0.0.1:${port}`;
  await untilReady(child, address);
  return address;
}

function fuzz(address: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    join(venv, 'bin/schemathesis'),
    [
      ...[
        '--config-file',
        'test/drills/schemathesis.toml',
        'run',
        `${address}/openapi.json`,
        '--checks',
        'all',
        '--continue-on-failure',
      ],
      ...[
        '--header',
        `Authorization: ${ADMIN_KEY}`,
        '--seed',
        SEED,
        '--max-examples',
        '60',
        '--no-color',
      ],
    ],
    { encoding: 'utf8' },
  );
  return { status, output: stdout + stderr };
}
