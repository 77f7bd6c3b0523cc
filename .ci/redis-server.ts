/**
 * The servers that must do besides the Redis of this machine. `node .ci/redis-server.ts valkey` fetches one and prints its path;
 * with a command behind it, runs that command with REDIS_SERVER set, as `npm run test:server -- valkey` does with the tests.
 */
import { spawnSync } from 'node:child_process';
import { fetchUnreleased } from '../deploy/local/debian.ts';

const [name = '', command, ...args] = process.argv.slice(2);
if (name !== 'valkey' && name !== 'redis') throw new Error('Which server, valkey or redis?');
const server = fetchUnreleased(`${name}-server`, `${name}-server`);
if (!command) {
  console.log(server);
} else {
  spawnSync(server, ['--version'], { stdio: 'inherit' });
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, REDIS_SERVER: server } });
  process.exitCode = status ?? 1;
}
