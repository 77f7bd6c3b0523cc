import type { Result } from 'ioredis';
import type { Scripts } from '#libs/redis/redis.scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    createUser(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<CreateUserOutcome, Context>;
    removeUser(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<string | null, Context>;
    listUsers(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<(string | number)[], Context>;
  }
}

/** `leaving`: an earlier user of that id is still being removed. */
export type CreateUserOutcome = 'created' | 'exists' | 'leaving';

/** The scripts of users. */
export const USER_SCRIPTS = {
  /**
   * KEYS user:id users leaving; ARGV id, name, password, incarnation. Answers a CreateUserOutcome.
   */
  createUser: {
    lua: `
    if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return 'leaving' end
    if redis.call('EXISTS', KEYS[1]) == 1 then return 'exists' end
    redis.call('HSET', KEYS[1], 'name', ARGV[2], 'password', ARGV[3], 'incarnation', ARGV[4])
    redis.call('ZADD', KEYS[2], 0, ARGV[1])
    return 'created'`,
  },

  /**
   * KEYS user:id users leaving; ARGV id. Removes the user and notes that its quotes are to be
   * unsigned. Answers its incarnation, also of a removal that is not finished, or nothing when
   * absent.
   */
  removeUser: {
    lua: `
    local incarnation = redis.call('HGET', KEYS[1], 'incarnation')
    if not incarnation then return redis.call('HGET', KEYS[3], ARGV[1]) end
    redis.call('DEL', KEYS[1])
    redis.call('ZREM', KEYS[2], ARGV[1])
    redis.call('HSET', KEYS[3], ARGV[1], incarnation)
    return incarnation`,
  },

  /**
   * KEYS users, user:; ARGV lowest id wanted in ZRANGEBYLEX form, count. Answers total, then id and
   * name in turns, by id.
   */
  listUsers: {
    flag: 'no-writes',
    lua: `
    local answer = { redis.call('ZCARD', KEYS[1]) }
    local ids = redis.call('ZRANGE', KEYS[1], ARGV[1], '+', 'BYLEX', 'LIMIT', 0, ARGV[2])
    for _, id in ipairs(ids) do
      answer[#answer + 1] = id
      answer[#answer + 1] = redis.call('HGET', KEYS[2] .. id, 'name')
    end
    return answer`,
  },
} as const satisfies Scripts;
