import type { Result } from 'ioredis';
import type { Scripts } from '#libs/redis/redis.scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    countFailure(keyCount: number, ...keysAndArgs: (string | number)[]): Result<null, Context>;
    provenLogin(keyCount: number, ...keysAndArgs: (string | number)[]): Result<null, Context>;
  }
}

/** The scripts of logins. */
export const LOGIN_SCRIPTS = {
  /**
   * KEYS counters; ARGV seconds. Adds 1 to each counter, which expires that long after its first.
   */
  countFailure: {
    flag: 'allow-oom',
    lua: `
    for _, key in ipairs(KEYS) do
      if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[1]) end
    end`,
  },

  /**
   * KEYS proven:id; ARGV network, milliseconds, count to keep, seconds. Remembers that a user has
   * logged in from a network.
   */
  provenLogin: {
    lua: `
    redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
    redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
    redis.call('EXPIRE', KEYS[1], ARGV[4])`,
  },
} as const satisfies Scripts;
