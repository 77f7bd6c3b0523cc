import type { Result } from 'ioredis';
import type { Scripts } from '#libs/redis/redis.scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    replaceSnapshot(
      keyCount: number,
      next: string,
      snapshot: string,
      old: string,
    ): Result<0 | 1, Context>;
  }
}

/** The script for the snapshot of the search index. */
export const SNAPSHOT_SCRIPTS = {
  /**
   * KEYS next, snapshot, old. Puts the next snapshot in the place of the one that is there. Answers
   * 0, and leaves that one, when the next has expired. UNLINK frees the memory in the background,
   * while a RENAME over a snapshot would block.
   */
  replaceSnapshot: {
    lua: `
    local next, snapshot, old = unpack(KEYS)
    if redis.call('PERSIST', next) == 0 then return 0 end
    if redis.call('EXISTS', snapshot) == 1 then redis.call('RENAME', snapshot, old) end
    redis.call('RENAME', next, snapshot)
    redis.call('UNLINK', old)
    return 1`,
  },
} as const satisfies Scripts;
