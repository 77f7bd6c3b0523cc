/**
 * The local run: `npm start`. Brings up a Redis of its own (unless REDIS_HOST names one), every service, and some quotes on the first run;
 * Ctrl-C stops it all. The environment it is started with reaches the services.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { findRedisProgram, freePort, type RedisServer, startRedis } from '#libs/testing/redis-server.ts';

const DATA = resolve('data');
/** Its presence says that the sample was loaded: a quote deleted since then must not come back. */
const SAMPLE_LOADED = join(DATA, 'sample-loaded');
const SAMPLE = 'deploy/local/sample.csv';

const APPS = [
  { name: 'users', port: 5000, path: '/users' },
  { name: 'quotes', port: 5001, path: '/quotes' },
  { name: 'search', port: 5002, path: '/search?keyword=love' },
  { name: 'shop', port: 4242, path: '/' },
] as const;

const running: { name: string; process: ChildProcess }[] = [];
/** Redis, from the moment it is being started: it must end even if Ctrl-C comes before it is ready. */
let starting: Promise<RedisServer> | undefined;
let redis: RedisServer | undefined;
let stopping = false;

process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

try {
  await start();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await stop(1);
}

async function start(): Promise<void> {
  for (const { name, port } of APPS) await assertFree(name, port);
  const env = await environment();
  for (const { name, port } of APPS) launch(name, { ...env, APP_PORT: String(port) });
  await Promise.all(APPS.map(({ name, port }) => ready(name, port)));
  if (redis && !existsSync(SAMPLE_LOADED)) {
    await importSample(env);
    writeFileSync(SAMPLE_LOADED, '');
  }
  if (!stopping) announce(env);
}

/** The environment of the services: the one this was started with, and local defaults. */
async function environment(): Promise<NodeJS.ProcessEnv> {
  const env: NodeJS.ProcessEnv = { ...process.env };
  env.ADMIN_KEY ||= 'supersecretkey';
  // The example that is printed below has a short password.
  env.PASSWORD_MIN_LENGTH ||= '1';
  env.THROTTLE_LIMIT ||= '0';
  env.LOG_LEVEL ||= 'warn';
  env.DRAIN_SECONDS ||= '0';
  env.DEMO_MODE ||= 'True';
  // Carts end with the run.
  env.COOKIE_SECRET ||= randomBytes(32).toString('hex');
  // Events of the demo's payments are signed with it; nobody else needs to know it.
  env.STRIPE_WEBHOOK_SECRET ||= randomBytes(24).toString('hex');
  if (env.REDIS_HOST || env.REDIS_SENTINELS || env.REDIS_CLUSTER) return env;
  mkdirSync(DATA, { recursive: true });
  const program = findRedisProgram(console.log);
  starting = startRedis(program, { port: Number(env.REDIS_PORT) || (await redisPort()), dir: join(DATA, 'redis') });
  redis = await starting;
  redis.process.once('exit', () => {
    if (!stopping) void stop(1, 'Redis ended unexpectedly');
  });
  return { ...env, REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) };
}

/** Redis' usual port, so that the importer finds it without being told, or another if somebody has it. */
function redisPort(): Promise<number> {
  return assertFree('redis', 6379).then(
    () => 6379,
    () => freePort(),
  );
}

/** Starts an app in a process group of its own, so that Ctrl-C reaches only this launcher, which stops all in order. */
function launch(name: string, env: NodeJS.ProcessEnv): void {
  if (stopping) return;
  const child = spawn(process.execPath, [`dist/apps/${name}/main.js`], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  running.push({ name, process: child });
  child.once('exit', () => {
    if (!stopping) void stop(1, `${name} ended unexpectedly`);
  });
}

async function assertFree(name: string, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', () => fail(new Error(`Port ${port} is already in use, and ${name} needs it.`)));
    server.listen(port, '0.0.0.0', () => server.close(() => done()));
  });
}

async function ready(name: string, port: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!stopping) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`${name} did not become ready within a minute.`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

function importSample(env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, ['dist/apps/import/main.js', 'quotes', SAMPLE], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((done, fail) => {
    child.once('exit', (code) => (code === 0 ? done() : fail(new Error('The sample could not be loaded.'))));
  });
}

function announce(env: NodeJS.ProcessEnv): void {
  const rows = APPS.map(({ name, port, path }) => [
    name,
    `http://localhost:${port}${path}`,
    `http://localhost:${port}/docs`,
  ]);
  const store = redis ? `127.0.0.1:${redis.port}` : (env.REDIS_HOST ?? env.REDIS_SENTINELS ?? env.REDIS_CLUSTER);
  const limit =
    env.THROTTLE_LIMIT === '0'
      ? 'off here (THROTTLE_LIMIT=10 npm start turns it on)'
      : `${env.THROTTLE_LIMIT} requests per client in ${env.THROTTLE_WINDOW_SECONDS || 60} s`;
  const key = env.ADMIN_KEY === 'supersecretkey' ? 'supersecretkey' : '$ADMIN_KEY';
  console.log(`
The quotes platform is running.

${[['service', 'address', 'documentation'], ...rows].map(([a = '', b = '', c = '']) => `  ${a.padEnd(9)}${b.padEnd(44)}${c}`).join('\n')}
  ${'redis'.padEnd(9)}${store}

  Admin key:  ${key}
  Rate limit: ${limit}

Try:
  curl -X POST http://localhost:5000/users -H "Authorization: ${key}" -d '{"id": "1", "name": "Tintin", "password": "milou"}'
  curl -X GET http://localhost:5000/users -H "Authorization: ${key}"
  ${redis && redis.port !== 6379 ? `REDIS_PORT=${redis.port} ` : ''}npm run import -- quotes FILE...

Ctrl-C stops everything.`);
}

async function stop(code: number, reason?: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  if (reason) console.error(reason);
  await Promise.all(running.map(({ process: child }) => end(child)));
  const server = await starting?.catch(() => undefined);
  await server?.stop();
  process.exit(code);
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once('exit', () => done());
    child.kill('SIGTERM');
  });
}
