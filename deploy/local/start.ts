/**
 * The local run: `npm start`, and with `--watch` `npm run dev`. It brings up a Redis (unless the
 * environment names one), every service, and some quotes on the first run; Ctrl-C stops it all. The
 * services get its environment.
 *
 * `--build` bundles the apps first; `--watch` bundles them again at every change and restarts what
 * has changed; `--inspect APP` lets a debugger in.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Config, parseConfig } from '#libs/config/config.ts';
import { APPS, localUrl, SERVICES, type ServiceName } from '#libs/config/services.ts';
import { RedisAvailability } from '#libs/redis/redis.availability.ts';
import { connectRedis, redisAddress } from '#libs/redis/redis.connection.ts';
import {
  findRedisProgram,
  freePort,
  type RedisServer,
  startRedis,
} from '#libs/testing/redis-server.ts';
import { hasEnded, untilReady } from '#libs/testing/until-ready.ts';
import { type BundleReport, finish, startBuild, startWatch } from './build.ts';

const DATA = resolve('data');
/** This file exists once the sample was loaded: a quote deleted since then must not come back. */
const SAMPLE_LOADED = join(DATA, 'sample-loaded');
const SAMPLE = 'deploy/local/sample.csv';

type Service = (typeof SERVICES)[number];

/** What a service shows to somebody who comes to look. */
const PATHS: Readonly<Record<ServiceName, string>> = {
  users: '/users',
  quotes: '/quotes',
  search: '/search?keyword=love',
  shop: '/',
};

/** The port that debuggers try first. */
const INSPECTOR_PORT = 9229;
/** How long a Redis that the environment names may take to answer. */
const MAX_REDIS_WAIT_MS = 2_000;
/** How long a service may take to stop; one that a debugger has paused never would. */
const MAX_STOP_MS = 1_000;

const options = readOptions();
/** The processes that run, by name: the services, and the bundler. */
const running = new Map<string, ChildProcess>();
/** Processes that end because a new version takes their place. */
const replaced = new WeakSet<ChildProcess>();
/** Redis since its start began: it must end even if Ctrl-C comes before it is ready. */
let starting: Promise<RedisServer> | undefined;
let redis: RedisServer | undefined;
let stopping = false;

process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

try {
  await start();
} catch (error) {
  if (!stopping) await stop(1, messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        build: { type: 'boolean' },
        watch: { type: 'boolean' },
        inspect: { type: 'string' },
      },
    });
    if (values.inspect !== undefined && !SERVICES.some(({ name }) => name === values.inspect)) {
      const names = SERVICES.map(({ name }) => name).join(', ');
      throw new Error(`--inspect wants one of ${names}, not "${values.inspect}".`);
    }
    return values;
  } catch (error) {
    console.error(messageOf(error));
    process.exit(1);
  }
}

/** Checks what can be wrong with the machine first, before anybody waits for a build. */
async function start(): Promise<void> {
  for (const { name, port } of SERVICES) await assertFree(name, port);
  if (options.inspect) await assertFree('the debugger', INSPECTOR_PORT);
  const env = await environment();
  if (options.build) await build();
  if (options.watch) await watch(env);
  for (const service of SERVICES) launch(service, env);
  await Promise.all(SERVICES.map(ready));
  if (stopping) return;
  if (redis && !existsSync(SAMPLE_LOADED)) {
    await importSample(env);
    writeFileSync(SAMPLE_LOADED, '');
  }
  if (!stopping) announce(env);
}

/** The environment of the services: that of this process, with local defaults and a ready Redis. */
async function environment(): Promise<NodeJS.ProcessEnv> {
  const env: NodeJS.ProcessEnv = { ...process.env };
  env.ADMIN_KEY ||= 'supersecretkey';
  // The example that is printed below has a short password.
  env.PASSWORD_MIN_LENGTH ||= '1';
  env.THROTTLE_LIMIT ||= '0';
  env.LOG_LEVEL ||= 'warn';
  env.DRAIN_SECONDS ||= '0';
  env.DEMO_MODE ||= 'True';
  // Carts need not outlive the run.
  env.COOKIE_SECRET ||= randomBytes(32).toString('hex');
  // It signs the events of the demo's payments, so that nobody else needs to know it.
  env.STRIPE_WEBHOOK_SECRET ||= randomBytes(24).toString('hex');
  const config = configOf(env);
  const variable = ['REDIS_HOST', 'REDIS_SENTINELS', 'REDIS_CLUSTER'].find((name) => env[name]);
  if (variable) {
    await reach(config, variable);
    return env;
  }
  mkdirSync(DATA, { recursive: true });
  const program = findRedisProgram(console.log);
  starting = startRedis(program, {
    port: Number(env.REDIS_PORT) || (await redisPort()),
    dir: join(DATA, 'redis'),
  });
  redis = await starting;
  redis.process.once('exit', () => {
    if (!stopping) void stop(1, 'Redis ended unexpectedly');
  });
  return { ...env, REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) };
}

/**
 * The configuration that the services will make of an environment, so that a wrong one is reported
 * once and before the build.
 * @throws ConfigError naming the variable
 */
function configOf(env: NodeJS.ProcessEnv): Config {
  return parseConfig('local run', { adminKey: true, cookies: true, payments: true }, env);
}

/**
 * Waits until the Redis that the environment names can be used.
 * @param variable that names it
 * @throws Error whose message says where it is and why it cannot be used
 */
async function reach(config: Config, variable: string): Promise<void> {
  const client = connectRedis(config);
  const availability = new RedisAvailability(config, [client]);
  const deadline = Date.now() + MAX_REDIS_WAIT_MS;
  try {
    while (!stopping && (client.status !== 'ready' || availability.problem)) {
      if (Date.now() > deadline) {
        const problem = availability.problem ?? `Redis at ${redisAddress(config)} does not answer`;
        throw new Error(
          `${problem} (${variable}); without ${variable} this brings up a Redis of its own.`,
        );
      }
      await delay(50);
    }
  } finally {
    client.disconnect();
  }
}

/** Redis' usual port, so that the importer finds it by default, or another if that is taken. */
function redisPort(): Promise<number> {
  return assertFree('redis', 6379).then(
    () => 6379,
    () => freePort(),
  );
}

async function build(): Promise<void> {
  if (stopping) return;
  const bundler = startBuild();
  running.set('build', bundler);
  await finish(bundler);
  running.delete('build');
}

/**
 * Starts the bundler and waits for the first bundle of every app; from then on a service restarts
 * when its bundle is new.
 */
async function watch(env: NodeJS.ProcessEnv): Promise<void> {
  if (stopping) return;
  const bundler = startWatch();
  running.set('build', bundler);
  bundler.once('exit', () => {
    if (!stopping) void stop(1, 'The bundler ended unexpectedly');
  });
  const awaited = new Set<string>(APPS);
  /** A second change may come while a service restarts, so that its restarts form a chain. */
  const restarts = new Map<string, Promise<void>>();
  console.log('Building ...');
  await new Promise<void>((done) => {
    bundler.on('message', ({ app, errors }: BundleReport) => {
      const service = SERVICES.find(({ name }) => name === app);
      if (errors) console.error(errors);
      else if (service && running.has(app)) {
        const earlier = restarts.get(app) ?? Promise.resolve();
        restarts.set(
          app,
          earlier
            .then(() => restart(service, env))
            .catch((error) => console.error(messageOf(error))),
        );
      } else if (awaited.delete(app) && awaited.size === 0) done();
    });
  });
}

/** Starts a service in a process group of its own, so that Ctrl-C reaches only this launcher. */
function launch({ name, port }: Service, env: NodeJS.ProcessEnv): void {
  if (stopping) return;
  const flags = [
    ...(options.watch ? ['--enable-source-maps'] : []),
    ...(options.inspect === name ? [`--inspect=127.0.0.1:${INSPECTOR_PORT}`] : []),
  ];
  const child = spawn(process.execPath, [...flags, `dist/apps/${name}/main.js`], {
    env: { ...env, APP_PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  running.set(name, child);
  child.once('exit', () => {
    if (stopping || replaced.has(child)) return;
    if (options.watch) console.error(`${name} ended; the next change starts it again.`);
    else void stop(1, `${name} ended unexpectedly`);
  });
}

/** Replaces a service that runs by its new version. */
async function restart(service: Service, env: NodeJS.ProcessEnv): Promise<void> {
  const start = performance.now();
  const child = running.get(service.name);
  if (child) {
    replaced.add(child);
    await end(child, MAX_STOP_MS);
  }
  launch(service, env);
  if (await ready(service)) {
    console.log(
      `${service.name} restarted in ${((performance.now() - start) / 1000).toFixed(1)} s.`,
    );
  }
}

async function assertFree(name: string, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', () =>
      fail(new Error(`Port ${port} is already in use, and ${name} needs it.`)),
    );
    server.listen(port, '0.0.0.0', () => server.close(() => done()));
  });
}

/** Waits until a service takes requests; false when it has ended, or is about to. */
async function ready({ name, port }: Service): Promise<boolean> {
  const child = running.get(name);
  if (!child) return false;
  try {
    await untilReady(child, `http://127.0.0.1:${port}`, 60_000);
    return !stopping;
  } catch (error) {
    if (stopping || hasEnded(child)) return false;
    throw new Error(`${name} did not become ready within a minute.`, { cause: error });
  }
}

function importSample(env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, ['dist/apps/import/main.js', 'quotes', SAMPLE], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((done, fail) => {
    child.once('exit', (code) =>
      code === 0 ? done() : fail(new Error('The sample could not be loaded.')),
    );
  });
}

function announce(env: NodeJS.ProcessEnv): void {
  const rows = SERVICES.map(({ name }) => [
    name,
    localUrl(name) + PATHS[name],
    `${localUrl(name)}/docs`,
  ]);
  const limit =
    env.THROTTLE_LIMIT === '0'
      ? 'off here (THROTTLE_LIMIT=10 npm start turns it on)'
      : `${env.THROTTLE_LIMIT} requests per client in ${env.THROTTLE_WINDOW_SECONDS || 60} s`;
  const key = env.ADMIN_KEY === 'supersecretkey' ? 'supersecretkey' : '$ADMIN_KEY';
  const debuggable = options.inspect
    ? `\n  Debugger:   ${options.inspect} on 127.0.0.1:${INSPECTOR_PORT}`
    : '';
  const table = [['service', 'address', 'documentation'], ...rows]
    .map(([a = '', b = '', c = '']) => `  ${a.padEnd(9)}${b.padEnd(44)}${c}`)
    .join('\n');
  const user = '{"id": "1", "name": "Tintin", "password": "milou"}';
  const usersUrl = `${localUrl('users')}/users`;
  const watched = options.watch
    ? 'A saved change is built, and restarts the services that it concerns. '
    : '';
  console.log(`
The quotes platform is running.

${table}
  ${'redis'.padEnd(9)}${redisAddress(configOf(env))}

  Admin key:  ${key}
  Rate limit: ${limit}${debuggable}

Try:
  curl -X POST ${usersUrl} -H "Authorization: ${key}" -d '${user}'
  curl -X GET ${usersUrl} -H "Authorization: ${key}"
  curl ${localUrl('quotes')}/quotes/random
  curl '${localUrl('search')}/search?keyword=love'
  ${importSettings(env)}npm run import -- quotes FILE...
and the shop at ${localUrl('shop')}/ in a browser.

${watched}Ctrl-C stops everything.`);
}

/** The variables that tell the importer of this run's Redis, as a shell takes them; no password. */
function importSettings(env: NodeJS.ProcessEnv): string {
  if (redis) return redis.port === 6379 ? '' : `REDIS_PORT=${redis.port} `;
  const names = [
    'REDIS_HOST',
    'REDIS_PORT',
    'REDIS_DB',
    'REDIS_SENTINELS',
    'REDIS_CLUSTER',
    'REDIS_SHARDS',
  ];
  return names.flatMap((name) => (env[name] ? [`${name}=${env[name]} `] : [])).join('');
}

/** Ends all that runs, and prints the reason; without one a person has stopped it. */
async function stop(code: number, reason?: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  if (reason) console.error(reason);
  await Promise.all(
    Array.from(running.values(), (child) => end(child, options.watch ? MAX_STOP_MS : undefined)),
  );
  const server = await starting?.catch(() => undefined);
  await server?.stop();
  if (!reason)
    console.log(`\nStopped.${server ? ' The data stays in data/ for the next time.' : ''}`);
  process.exit(code);
}

/**
 * Asks a process to end, as Kubernetes does, and kills it if it has not ended after `maxWaitMs`.
 */
async function end(child: ChildProcess, maxWaitMs?: number): Promise<void> {
  if (hasEnded(child)) return;
  const exited = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const killer = maxWaitMs && setTimeout(() => child.kill('SIGKILL'), maxWaitMs);
  await exited;
  clearTimeout(killer);
}
