/**
 * What the images cost, printed by `npm run test:containers`: bytes on top of the Node base, and
 * time to the first /healthz inside a pod's limits beside bare Fastify
 * (apps/quotes/bench/baseline.ts, unbundled, without its types, since taking them off would count
 * for us). Only the payload is held to its budget.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { APPS } from '#libs/config/services.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { freePort } from '#libs/testing/redis-server.ts';

const STARTS = 7;
const PAYLOAD_BYTES = 10_000_000;

const podman = (...args: string[]) => execFileSync('podman', args, { encoding: 'utf8' }).trim();
const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const image = (app: string) => `quotes-platform/${app}:1.0.0`;
const base =
  /^ARG NODE=([^@\n]*)/m.exec(readFileSync('deploy/images/Dockerfile', 'utf8'))?.[1] ?? '';

const size = (name: string) => Number(podman('image', 'inspect', '--format', '{{.Size}}', name));
for (const app of APPS) {
  const payload = size(image(app)) - size(base);
  assert.ok(payload <= PAYLOAD_BYTES, `the payload of ${app} is ${payload} bytes`);
  console.log(
    `ok   payload of ${app}: ${(payload / 1e6).toFixed(1)} MB of at most 10 on top of Node`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'baseline-'));
try {
  copyWithImports('apps/quotes/bench/baseline.ts', folder);
  writeFileSync(join(folder, 'package.json'), '{"type":"module","imports":{"#libs/*":"./libs/*"}}');
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  const options = ['--max-semi-space-size=4', '--max-old-space-size=48'];
  const volumes = [
    '--volume',
    `${folder}:/app:ro`,
    '--volume',
    `${resolve('node_modules')}:/node_modules:ro`,
  ];
  const contestants = {
    quotes: [image('quotes')],
    'quotes without its compile cache': ['--env', 'NODE_DISABLE_COMPILE_CACHE=1', image('quotes')],
    'bare Fastify': [
      ...volumes,
      base,
      'node',
      ...options,
      '/app/apps/quotes/bench/baseline.js',
      'fastify',
    ],
  };
  const times = new Map(Object.keys(contestants).map((name) => [name, [] as number[]]));
  for (let i = 0; i < STARTS; i += 1) {
    for (const [name, args] of Object.entries(contestants))
      times.get(name)?.push(await startTime(args));
  }
  const fastify = median(times.get('bare Fastify') ?? []);
  for (const [name, values] of times) {
    const time = median(values);
    console.log(
      `     start of ${name} on 0.2 CPU: ${Math.round(time)} ms to the first /healthz (median of ${STARTS}), ${(time / fastify).toFixed(2)} of bare Fastify`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Copies a file without its types, and all files that it imports then. */
function copyWithImports(file: string, folder: string): void {
  const copy = join(folder, file.replace(/\.ts$/, '.js'));
  if (existsSync(copy)) return;
  const source = stripTypeScriptTypes(readFileSync(file, 'utf8'));
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, source.replace(/\.ts';/g, ".js';"));
  for (const [, from = '', path = ''] of source.matchAll(/ from '(#|\.\/)([^']+\.ts)';/g)) {
    copyWithImports(from === '#' ? path : join(dirname(file), path), folder);
  }
}

/**
 * Milliseconds from the start of a container's process, held as the pods of the services are, to
 * its first 200. Redis is away for all alike.
 */
async function startTime(args: string[]): Promise<number> {
  // The host's network, since the baseline listens on loopback only.
  const held = [
    '--network=host',
    '--cpus=0.2',
    '--memory=128m',
    '--read-only',
    '--user=10001:10001',
    '--cap-drop=ALL',
  ];
  const port = await freePort();
  const settings = {
    APP_PORT: port,
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: 1,
    ADMIN_KEY: 'only-for-the-bench-and-nothing-else',
  };
  const env = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const container = podman('run', '--detach', ...held, ...env, ...args);
  try {
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, 30_000);
    const healthy = Date.now();
    return (
      healthy - Number(podman('inspect', '--format', '{{.State.StartedAt.UnixMilli}}', container))
    );
  } catch (error) {
    throw new Error(podman('logs', container), { cause: error });
  } finally {
    podman('rm', '--force', '--time', '0', container);
  }
}
