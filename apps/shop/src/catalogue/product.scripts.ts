import type { Result } from 'ioredis';
import type { Scripts } from '#libs/redis/redis.scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    rememberProducts(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<number, Context>;
  }
}

/** The script of the quotes on sale. */
export const PRODUCT_SCRIPTS = {
  /**
   * KEYS product products; ARGV milliseconds, count to keep, then id and quote (JSON) in turns.
   * Answers how many were forgotten.
   */
  rememberProducts: {
    lua: `
    local product, products = unpack(KEYS)
    for i = 3, #ARGV, 2 do
      redis.call('HSET', product, ARGV[i], ARGV[i + 1])
      redis.call('ZADD', products, ARGV[1], ARGV[i])
    end
    local old = redis.call('ZRANGE', products, 0, -1 - ARGV[2])
    if #old > 0 then
      redis.call('HDEL', product, unpack(old))
      redis.call('ZREM', products, unpack(old))
    end
    return #old`,
  },
} as const satisfies Scripts;
