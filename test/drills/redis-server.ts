/**
 * The servers that must do besides the Redis of this machine: `npm run test:drills -- server
 * valkey` fetches Valkey 9 and runs the tests on it, `server redis` does so with Redis 8; further
 * arguments go to `npm test`. `--print` instead prints the path of the server.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fetchUnreleased } from '#libs/testing/debian.ts';

const [name = '', ...args] = process.argv.slice(2);
if (name !== 'valkey' && name !== 'redis') throw new Error('Which server, valkey or redis?');
const server = join(fetchUnreleased(`${name}-server`), `${name}-server`);
if (args[0] === '--print') {
  console.log(server);
} else {
  spawnSync(server, ['--version'], { stdio: 'inherit' });
  const env = { ...process.env, REDIS_SERVER: server };
  process.exitCode =
    spawnSync('npm', ['test', '--', ...args], { stdio: 'inherit', env }).status ?? 1;
}
