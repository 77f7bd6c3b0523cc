import { Injectable } from '@nestjs/common';
import { CHANGE_LOG_SCRIPTS } from '#libs/quotes/change.log.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import type { RedisClient } from '#libs/redis/redis.connection.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import type { LogPosition } from './snapshot.store.ts';

/** How far an index is behind the logs of changes; of the worst shard. */
export interface Lag {
  /** Changes not yet applied. */
  entries: number;
  /** The age of the oldest of them. */
  seconds: number;
}

/** Measures the lag in Redis, so that it is known even while the thread of the index is stalled. */
@Injectable()
export class IndexLag {
  constructor(private readonly redis: RedisService) {
    redis.define(CHANGE_LOG_SCRIPTS);
  }

  /**
   * The lag of an index at these positions in the logs.
   * @param positions by shard; undefined where it has not begun yet
   * @returns undefined when Redis is away
   */
  async of(positions: readonly (LogPosition | undefined)[]): Promise<Lag | undefined> {
    try {
      const lags = await this.redis.read('log.lag', (client) =>
        Promise.all(
          positions.map((position, shard) => ofShard(client, shardKeys(shard).log, position)),
        ),
      );
      return {
        entries: Math.max(0, ...lags.map(({ entries }) => entries)),
        seconds: Math.max(0, ...lags.map(({ seconds }) => seconds)),
      };
    } catch {
      return undefined;
    }
  }
}

async function ofShard(
  client: RedisClient,
  log: string,
  position: LogPosition | undefined,
): Promise<Lag> {
  if (position === undefined) return { entries: 0, seconds: 0 };
  const [[, , added], [next]] = await Promise.all([
    client.inspectLog(1, log),
    client.xrange(log, `(${position.entry}`, '+', 'COUNT', 1),
  ]);
  const seconds = next === undefined ? 0 : (Date.now() - Number.parseInt(next[0], 10)) / 1000;
  return { entries: Math.max(0, added - position.added), seconds: Math.max(0, seconds) };
}
