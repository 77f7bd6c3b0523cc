import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { Redis } from 'ioredis';
import { RedisService } from '#libs/redis/redis.service.ts';

/** Answers whether a part is fit to serve; a rejection counts as unfit. */
export type ReadinessCheck = () => boolean | Promise<boolean>;

/** Checks what must be up before a service takes requests: Redis, and what the app registers. */
@Injectable()
export class ReadinessService {
  private readonly checks = new Map<string, ReadinessCheck>();

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly redis: RedisService,
  ) {
    this.register('redis', () => redis.answers());
  }

  /**
   * Whether Redis, or one of its nodes, is full: it then serves reads and refuses writes. The
   * question is a script that may write, since only Redis knows what it counts.
   */
  async isFull(): Promise<boolean> {
    return this.redis
      .writeUnconfirmed('full', async (client) => {
        const nodes = client instanceof Redis ? [client] : client.nodes('master');
        await Promise.all(nodes.map((node) => node.eval('#!lua\nreturn 1', 0)));
        return false;
      })
      .catch((error: unknown) => /^OOM /.test(String((error as { cause?: Error }).cause?.message)));
  }

  /** Adds a check under a name that `/readyz` shows. */
  register(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** The checks in the form that terminus runs. */
  probes() {
    return [...this.checks].map(([name, check]) => async () => {
      const indicator = this.indicators.check(name);
      const up = await Promise.resolve()
        .then(check)
        .catch(() => false);
      return up ? indicator.up() : indicator.down();
    });
  }
}
