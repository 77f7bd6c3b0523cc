import type { Result } from 'ioredis';
import type { Scripts } from '#libs/redis/redis.scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    createUser(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<CreateUserOutcome, Context>;
    changeUser(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<string | null, Context>;
    removeUser(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<string | null, Context>;
    completeNames(
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
   * KEYS user:id users leaving names; ARGV id, name, password, incarnation. Answers a
   * CreateUserOutcome.
   */
  createUser: {
    lua: `
    if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return 'leaving' end
    if redis.call('EXISTS', KEYS[1]) == 1 then return 'exists' end
    redis.call('HSET', KEYS[1], 'name', ARGV[2], 'password', ARGV[3], 'incarnation', ARGV[4])
    redis.call('ZADD', KEYS[2], 0, ARGV[1])
    redis.call('HSET', KEYS[4], ARGV[1], ARGV[2])
    return 'created'`,
  },

  /**
   * KEYS user:id names; ARGV id, password that the user must have or '', new name or '', new
   * password or ''. Answers the name of the user, or nothing when there is no such user.
   */
  changeUser: {
    lua: `
    local user, names = unpack(KEYS)
    local id, current, name, password = unpack(ARGV)
    local stored = redis.call('HGET', user, 'password')
    if not stored or (current ~= '' and current ~= stored) then return false end
    if name ~= '' then
      redis.call('HSET', user, 'name', name)
      redis.call('HSET', names, id, name)
    end
    if password ~= '' then redis.call('HSET', user, 'password', password) end
    return redis.call('HGET', user, 'name')`,
  },

  /**
   * KEYS user:id users leaving names; ARGV id. Removes the user and notes that its quotes are to be
   * unsigned. Answers its incarnation, also of a removal that is not finished, or nothing when
   * absent.
   */
  removeUser: {
    lua: `
    local incarnation = redis.call('HGET', KEYS[1], 'incarnation')
    if not incarnation then return redis.call('HGET', KEYS[3], ARGV[1]) end
    redis.call('DEL', KEYS[1])
    redis.call('ZREM', KEYS[2], ARGV[1])
    redis.call('HDEL', KEYS[4], ARGV[1])
    redis.call('HSET', KEYS[3], ARGV[1], incarnation)
    return incarnation`,
  },

  /**
   * KEYS users user: names; ARGV lowest id wanted in ZRANGEBYLEX form, count. Corrects the entries
   * of so many users in the hash of names. Answers the last of them, or nothing when there is none.
   */
  completeNames: {
    lua: `
    local ids = redis.call('ZRANGE', KEYS[1], ARGV[1], '+', 'BYLEX', 'LIMIT', 0, ARGV[2])
    for _, id in ipairs(ids) do
      local name = redis.call('HGET', KEYS[2] .. id, 'name')
      if redis.call('HGET', KEYS[3], id) ~= name then redis.call('HSET', KEYS[3], id, name) end
    end
    return ids[#ids]`,
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
