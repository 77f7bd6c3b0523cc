import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { findProgram, type Program } from './debian.ts';

const LOOPBACK = '127.0.0.1';
// Linux gives those from 32768 on to outgoing connections, and Kubernetes some below to services.
const FIRST_PORT = 15_000;
const END_OF_PORTS = 30_000;
const MAX_PORT_TRIES = 100;

/** A Redis server that was started. */
export interface RedisServer {
  port: number;
  process: ChildProcess;
  /** Ends the server as SHUTDOWN does, its data saved. */
  stop(): Promise<void>;
}

/**
 * The server that REDIS_SERVER names, the Redis or Valkey of this machine, or Debian's.
 * @throws Error whose message is one line that says what to install
 */
export function findRedisProgram(log?: (line: string) => void): Program {
  if (process.env.REDIS_SERVER) return { command: process.env.REDIS_SERVER, env: process.env };
  const program = findProgram(['redis-server', 'valkey-server'], 'redis-server', log);
  if (program) return program;
  throw new Error(
    'No Redis server found, and Debian could not provide one: install Redis 7 or later ' +
      '(apt-get install redis-server, brew install redis) or set REDIS_HOST.',
  );
}

/**
 * Starts Redis and waits until it answers.
 * @param options port 0 takes a free one; `dir` keeps the data (append-only file, synced every
 *   second); `host` is an address of this machine; further arguments as on its command line
 */
export async function startRedis(
  program: Program,
  options: { port: number; dir: string; host?: string; args?: readonly string[] },
): Promise<RedisServer> {
  mkdirSync(options.dir, { recursive: true });
  const host = options.host ?? LOOPBACK;
  const port = options.port || (await freePort(host));
  const child = spawn(
    program.command,
    [
      ...['--port', String(port), '--bind', host, '--dir', resolve(options.dir)],
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

/**
 * A TCP port that nothing listens on at this address. It is none of those that systems give to
 * outgoing connections, since one of these could take it before it is used.
 */
export async function freePort(host = LOOPBACK): Promise<number> {
  for (let tries = 0; tries < MAX_PORT_TRIES; tries++) {
    const port = randomInt(FIRST_PORT, END_OF_PORTS);
    const server = createServer();
    const isFree = await new Promise<boolean>((done) => {
      server.once('error', () => done(false)).listen(port, host, () => done(true));
    });
    if (!isFree) continue;
    await new Promise((done) => server.close(done));
    return port;
  }
  throw new Error(`No free port was found from ${FIRST_PORT} to ${END_OF_PORTS - 1}.`);
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
