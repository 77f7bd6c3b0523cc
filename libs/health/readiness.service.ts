import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { RedisService } from '#libs/redis/redis.service.ts';

/** Answers whether a part is fit to serve; a rejection counts as unfit. */
export type ReadinessCheck = () => boolean | Promise<boolean>;

/** What must be up before a service takes requests: Redis, and what the app registers besides. */
@Injectable()
export class ReadinessService {
  private readonly checks = new Map<string, ReadinessCheck>();

  constructor(
    private readonly indicators: HealthIndicatorService,
    redis: RedisService,
  ) {
    this.register('redis', () => redis.answers());
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
