import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { APPS } from '#libs/config/services.ts';

/** The users of Redis. */
export const REDIS_USERS = [...APPS, 'backup', 'exporter', 'node', 'sentinel', 'operator'] as const;

/** A user of Redis. */
export type RedisUser = (typeof REDIS_USERS)[number];

/**
 * What the users may do on the nodes of Redis and on its Sentinels, each rule in Redis' own form.
 */
export interface RedisRules {
  readonly redis: Readonly<Record<RedisUser, readonly string[]>>;
  readonly sentinel: Readonly<Partial<Record<RedisUser, readonly string[]>>>;
}

/** The passwords that each user may log in with; a user without one gets no rule. */
export type RedisPasswords = Partial<Record<RedisUser, readonly string[]>>;

/**
 * The user of connections that have not logged in: it is off, so that nobody can use it. It keeps
 * its rights all the same, because Redis reads its append-only file back as this user, and would
 * leave out every script and transaction that the user may not use.
 */
const NOBODY = 'user default off resetpass ~* &* +@all';

/**
 * The rules of all users. They are read from a file because deploy/redis-rules.ts derives them from
 * the keys and scripts of apps as well, and a library may not import an app.
 */
const RULES: RedisRules = JSON.parse(
  readFileSync(new URL('./redis.rules.json', import.meta.url), 'utf8'),
);

/** The ACL file of a Redis node. It holds hashes of the passwords; nobody gets in without one. */
export function redisAcl(passwords: RedisPasswords): string {
  return acl(passwords, RULES.redis);
}

/** The ACL file of a Sentinel. */
export function sentinelAcl(passwords: RedisPasswords): string {
  return acl(passwords, RULES.sentinel);
}

function acl(passwords: RedisPasswords, rules: RedisRules['redis' | 'sentinel']): string {
  const lines = REDIS_USERS.flatMap((user) => {
    const hashes = (passwords[user] ?? []).map(
      (password) => `#${createHash('sha256').update(password).digest('hex')}`,
    );
    const own = rules[user];
    return hashes.length > 0 && own
      ? [`user ${user} on ${hashes.join(' ')} resetchannels -@all ${own.join(' ')}`]
      : [];
  });
  return `${[NOBODY, ...lines].join('\n')}\n`;
}
