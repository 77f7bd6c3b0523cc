import type { Result } from 'ioredis';
import type { Scripts } from '#libs/redis/redis.scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    throttle(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<[number, number, number], Context>;
  }
}

/** The scripts of the limit. */
export const THROTTLE_SCRIPTS = {
  /**
   * KEYS list of times; ARGV limit, window in microseconds. Admits the request if fewer than limit
   * were admitted within the window before now: a sliding log, exact however many replicas ask.
   * Answers admitted (1 or 0), requests left, microseconds until one more may come.
   */
  throttle: {
    flag: 'allow-oom',
    lua: `
    local key, limit, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local oldest = redis.call('LINDEX', key, 0)
    -- A time in the future is of a clock that stepped back since. Such requests count as made
    -- now, so that the client waits for a window at most.
    if oldest and tonumber(oldest) > now then
      local times = redis.call('LRANGE', key, 0, -1)
      redis.call('DEL', key)
      for _, time in ipairs(times) do
        redis.call('RPUSH', key, string.format('%.0f', math.min(time, now)))
      end
      redis.call('PEXPIRE', key, math.ceil(window / 1000))
      oldest = now
    end
    while oldest and now - oldest >= window do
      redis.call('LPOP', key)
      oldest = redis.call('LINDEX', key, 0)
    end
    local count = redis.call('LLEN', key)
    if count >= limit then return { 0, 0, window - (now - oldest) } end
    redis.call('RPUSH', key, string.format('%.0f', now))
    redis.call('PEXPIRE', key, math.ceil(window / 1000))
    return { 1, limit - count - 1, window - (now - (oldest or now)) }`,
  },
} as const satisfies Scripts;
