import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';

/** Where Debian's packages are unpacked when the machine has no Redis of its own. */
const CACHE = resolve('data/redis-server');

/** No Redis server was found and none could be fetched; the message is one line that says what to install. */
export class RedisServerMissingError extends Error {}

/** How to start Redis: the program and the environment it needs. */
export interface RedisProgram {
  command: string;
  env: NodeJS.ProcessEnv;
}

/** A Redis server that was started. */
export interface RedisServer {
  port: number;
  process: ChildProcess;
  /** Ends the server as SHUTDOWN does, its data saved. */
  stop(): Promise<void>;
}

/**
 * Finds a Redis (or Valkey) server on this machine, or fetches Debian's packages and unpacks them below `data/`: nothing is installed, no root
 * is needed, and no system service starts.
 * @throws RedisServerMissingError
 */
export function findRedisProgram(log: (line: string) => void = () => {}): RedisProgram {
  for (const name of ['redis-server', 'valkey-server']) {
    if (runs(name, process.env)) return { command: name, env: process.env };
  }
  const unpacked = { command: join(CACHE, 'usr/bin/redis-server'), env: withLibraries() };
  if (!existsSync(CACHE)) {
    log('No Redis server on this machine: fetching the one of Debian into data/ ...');
    fetchFromDebian();
  }
  if (runs(unpacked.command, unpacked.env)) return unpacked;
  rmSync(CACHE, { recursive: true, force: true });
  throw missing();
}

/**
 * Starts Redis on 127.0.0.1 and waits until it answers.
 * @param options port 0 takes a free one; `dir` keeps the data (append-only file, synced every second); further arguments as on its command line
 */
export async function startRedis(
  program: RedisProgram,
  options: { port: number; dir: string; args?: readonly string[] },
): Promise<RedisServer> {
  mkdirSync(options.dir, { recursive: true });
  const port = options.port || (await freePort());
  const child = spawn(
    program.command,
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', resolve(options.dir)],
      ...['--appendonly', 'yes', '--save', '', '--daemonize', 'no', '--loglevel', 'notice'],
      ...(options.args ?? []),
    ],
    { env: program.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  await ready(child);
  return {
    port,
    process: child,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** A TCP port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    let output = '';
    const read = (chunk: Buffer) => {
      if (output.length > 100_000) return;
      output += chunk;
      if (output.includes('Ready to accept connections')) done();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', fail);
    child.once('exit', (code) =>
      fail(new Error(`Redis ended with status ${code}: ${output.trim().split('\n').at(-1)}`)),
    );
  });
}

function runs(command: string, env: NodeJS.ProcessEnv): boolean {
  try {
    execFileSync(command, ['--version'], { env, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function withLibraries(): NodeJS.ProcessEnv {
  const base = join(CACHE, 'usr/lib');
  const triplets = existsSync(base) ? readdirSync(base).map((name) => join(base, name)) : [];
  return { ...process.env, LD_LIBRARY_PATH: [...triplets, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':') };
}

/** Downloads the package and what it depends on with apt, in folders of its own, and unpacks them. */
function fetchFromDebian(): void {
  const work = `${CACHE}.partial`;
  const lists = join(work, 'lists');
  const archives = join(work, 'archives');
  const root = join(work, 'root');
  rmSync(work, { recursive: true, force: true });
  for (const folder of [join(lists, 'partial'), join(archives, 'partial'), root])
    mkdirSync(folder, { recursive: true });
  const options = [
    ...['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache::archives=${archives}`],
    ...[
      '-o',
      `Dir::Cache::pkgcache=${join(work, 'pkgcache.bin')}`,
      '-o',
      `Dir::Cache::srcpkgcache=${join(work, 'srcpkgcache.bin')}`,
    ],
    ...['-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=', '-qq', '-y'],
  ];
  try {
    execFileSync('apt-get', [...options, 'update'], { stdio: 'ignore' });
    execFileSync('apt-get', [...options, '--download-only', '--no-install-recommends', 'install', 'redis-server'], {
      stdio: 'ignore',
    });
    for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg-deb', ['-x', join(archives, file), root]);
    }
    renameSync(root, CACHE);
  } catch {
    throw missing();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function missing(): RedisServerMissingError {
  return new RedisServerMissingError(
    'No Redis server found, and Debian could not provide one: install Redis 7 or later (apt-get install redis-server, brew install redis) or set REDIS_HOST.',
  );
}
