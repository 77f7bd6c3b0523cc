import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { Counter } from 'prom-client';
import { RedisService, RedisUnavailableError } from '#libs/redis/redis.service.ts';
import { THROTTLE_KEY } from './throttle.keys.ts';
import { THROTTLE_SCRIPTS } from './throttle.scripts.ts';

/** Requests let pass uncounted because Redis was away. */
const throttleFailures = new Counter({
  name: 'throttle_failures_total',
  help: 'Requests let pass uncounted because Redis was away',
});

type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Counts the requests of every client in Redis, for all replicas of all services: an exact sliding
 * window, in which only admitted requests count. When Redis is away it admits, and counts that in a
 * metric.
 */
@Injectable()
export class RedisThrottlerStorage implements ThrottlerStorage {
  constructor(private readonly redis: RedisService) {
    redis.define(THROTTLE_SCRIPTS);
  }

  /**
   * Counts a request of the client.
   * @param client address or user
   * @returns times in seconds, rounded up
   */
  increment(client: string, windowMs: number, limit: number): Promise<ThrottlerRecord> {
    const hit = this.redis.writeUnconfirmed('throttle', (redis) =>
      redis.throttle(1, THROTTLE_KEY + client, limit, windowMs * 1000),
    );
    return hit.then(
      ([admitted, left, wait]) => {
        const seconds = Math.ceil(wait / 1_000_000);
        const isBlocked = admitted === 0;
        return {
          totalHits: limit - left,
          timeToExpire: seconds,
          isBlocked,
          timeToBlockExpire: isBlocked ? seconds : 0,
        };
      },
      (error: unknown) => {
        if (!(error instanceof RedisUnavailableError)) throw error;
        throttleFailures.inc();
        return { totalHits: 0, timeToExpire: 0, isBlocked: false, timeToBlockExpire: 0 };
      },
    );
  }
}
