import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { REDIS_USERS, type RedisUser, redisAcl, sentinelAcl } from '#libs/redis-acl/redis.acl.ts';
import { secret } from './secrets.ts';

/** The password of a user of Redis. */
export const redisPassword = (user: RedisUser) => secret(`redis-${user}`);

/** Options of a client that may do everything. */
export const OPERATOR = { username: 'operator', password: redisPassword('operator') };

/**
 * Writes the users that production has, for servers of a test.
 * @returns the arguments with which a node reads its users and logs in to its master, and the
 *   settings with which a Sentinel does
 */
export function writeUsers(folder: string): { redis: string[]; sentinel: string[] } {
  const passwords = Object.fromEntries(REDIS_USERS.map((user) => [user, [redisPassword(user)]]));
  const [redis, sentinel] = [join(folder, 'redis.acl'), join(folder, 'sentinel.acl')];
  writeFileSync(redis, redisAcl(passwords));
  writeFileSync(sentinel, sentinelAcl(passwords));
  const password = redisPassword('sentinel');
  return {
    redis: ['--aclfile', redis, '--masteruser', 'node', '--masterauth', redisPassword('node')],
    sentinel: [
      ...[
        `aclfile ${sentinel}`,
        'sentinel sentinel-user sentinel',
        `sentinel sentinel-pass ${password}`,
      ],
      ...['sentinel auth-user quotes sentinel', `sentinel auth-pass quotes ${password}`],
    ],
  };
}

/**
 * Commands that servers have refused to their users since they started; none of a server that does
 * not answer. A wrong password does not count, nor SLOWLOG GET of the metrics exporter, which asks
 * for it although it may not see what others write.
 */
export async function denied(clients: readonly Redis[]): Promise<string[]> {
  const logs = clients.map(async (client) =>
    client.status === 'ready' ? ((await client.call('ACL', 'LOG')) as unknown[][]) : [],
  );
  const all = await Promise.race([Promise.all(logs), delay(1000, [], { ref: false })]).catch(
    () => [],
  );
  return all
    .flat()
    .map(String)
    .filter((entry) => !/reason,auth|object,slowlog\|get,username,exporter/.test(entry));
}
