import type { Result } from 'ioredis';
import type { Scripts } from '#libs/redis/redis.scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    inspectLog(keyCount: number, log: string): Result<[string, string, number, number], Context>;
  }
}

/** A search replica that has missed more changes than the log keeps compares all quotes. */
const MAX_LOG_ENTRIES = 100_000;

/**
 * The statement with which a script that changes a quote appends to the log of changes. The script
 * holds the key of the log in a variable `log`.
 * @param change `u` when the quote was added or changed, `d` when it was deleted
 * @param id the variable of the script that holds the id of the quote
 */
export function logChange(change: 'u' | 'd', id: string): string {
  return `redis.call('XADD', log, 'MAXLEN', '~', ${MAX_LOG_ENTRIES}, '*', '${change}', ${id})`;
}

/** The script for the readers of the log of changes. */
export const CHANGE_LOG_SCRIPTS = {
  /**
   * KEYS log. Answers the replication id, which changes when history may have been lost; the newest
   * entry; how many entries were ever added; how many are left.
   */
  inspectLog: {
    flag: 'no-writes',
    lua: `
    local replication = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
    if redis.call('EXISTS', KEYS[1]) == 0 then return { replication, '0-0', 0, 0 } end
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    local fields = {}
    for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
    return { replication, fields['last-generated-id'], fields['entries-added'], fields['length'] }`,
  },
} as const satisfies Scripts;
