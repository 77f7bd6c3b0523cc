/**
 * `node deploy/redis-secrets.ts ENVIRONMENT`: writes what Redis and its Sentinels have to know of
 * their users, from the users' secret files. `npm run deploy` does the same.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import {
  REDIS_USERS,
  type RedisPasswords,
  type RedisUser,
  redisAcl,
  sentinelAcl,
} from '#libs/redis-acl/redis.acl.ts';

/** The file beside an overlay's kustomization.yaml, ignored by git, with the login of a user. */
const fileOf = (user: RedisUser) => `redis-${user}.secret`;

/** The users whose files kustomization.yaml names, and with any of them always the operator. */
export function redisUsersOf(folder: string): RedisUser[] {
  const text = readFileSync(`${folder}/kustomization.yaml`, 'utf8');
  const named = REDIS_USERS.filter((user) => text.includes(fileOf(user)));
  return named.length > 0 ? [...new Set<RedisUser>([...named, 'operator'])] : [];
}

/** Command that makes the missing files of an overlay's users, with random passwords. */
export function makeRedisSecrets(folder: string): string {
  const users = redisUsersOf(folder).join(' ');
  const line = `'USERNAME=%s\\nPASSWORD=%s\\n' $user "$(openssl rand -hex 24)"`;
  return (
    `(umask 077; cd ${folder}; for user in ${users}; do ` +
    `[ -e redis-$user.secret ] || printf ${line} > redis-$user.secret; done)`
  );
}

/** Why the logins of an overlay are unusable, or undefined when they may be deployed. */
export function redisSecretsProblem(folder: string): string | undefined {
  for (const user of redisUsersOf(folder)) {
    const file = `${folder}/${fileOf(user)}`;
    if (!existsSync(file))
      return `${file} is missing. Make it with:\n  ${makeRedisSecrets(folder)}`;
    const { USERNAME, PASSWORD, OTHER_PASSWORD } = parseEnv(readFileSync(file, 'utf8'));
    if (USERNAME !== user) return `${file}: USERNAME must be ${user}`;
    // A password is written into a space-separated configuration file of Redis.
    const isGood = (password = '') => /^[\w.~-]{16,}$/.test(password);
    if (!isGood(PASSWORD))
      return `${file}: PASSWORD must be at least 16 characters of A-Z a-z 0-9 . _ ~ -`;
    if (OTHER_PASSWORD && !isGood(OTHER_PASSWORD))
      return `${file}: OTHER_PASSWORD must be like PASSWORD`;
  }
  return undefined;
}

/**
 * Writes the ACL files of an overlay, redis.acl and sentinel.acl. They hold hashes of the
 * passwords: of PASSWORD, with which the user's pods log in, and of OTHER_PASSWORD, which is valid
 * as well while one replaces the other.
 */
export function writeRedisAcls(folder: string): void {
  const passwords: RedisPasswords = Object.fromEntries(
    redisUsersOf(folder).map((user) => {
      const { PASSWORD, OTHER_PASSWORD } = parseEnv(
        readFileSync(`${folder}/${fileOf(user)}`, 'utf8'),
      );
      return [user, [PASSWORD, OTHER_PASSWORD].filter(Boolean)];
    }),
  );
  writeFileSync(`${folder}/redis.acl`, redisAcl(passwords), { mode: 0o600 });
  writeFileSync(`${folder}/sentinel.acl`, sentinelAcl(passwords), { mode: 0o600 });
}

if (import.meta.main) {
  const folder = `deploy/overlays/${process.argv[2]}`;
  const problem = redisSecretsProblem(folder);
  if (problem) {
    console.error(problem);
    process.exit(1);
  }
  writeRedisAcls(folder);
}
