import type { RedisClient } from './redis.connection.ts';

/**
 * A Lua script: one atomic step, and one round trip. Keys that it builds carry the hash tag of the
 * keys it was given.
 */
export interface Script {
  readonly lua: string;
  /**
   * `no-writes`: the script changes nothing, and Redis runs it while it holds writes back.
   *
   * `allow-oom`: the script runs when Redis' memory is full, where every other script that adds is
   * refused. Rate limits need it, or whoever fills the memory would be free of them, and so do
   * payment events. All that such a script adds is bounded. Deletions need no flag, because Redis
   * lets a script finish that has begun with one.
   */
  readonly flag?: 'no-writes' | 'allow-oom';
}

/** The scripts of a feature, by the names of the commands that they become. */
export type Scripts = Readonly<Record<string, Script>>;

/** Makes scripts callable on a client, by EVALSHA. */
export function defineScripts(client: RedisClient, scripts: Scripts): void {
  for (const [name, { lua, flag }] of Object.entries(scripts)) {
    client.defineCommand(name, { lua: flag ? `#!lua flags=${flag}\n${lua}` : lua });
  }
}
