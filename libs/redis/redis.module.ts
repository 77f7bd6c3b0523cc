import { Global, Logger, Module } from '@nestjs/common';
import { RedisService } from './redis.service.ts';

/** The connection to Redis, for every app; each app provides the repositories that it uses. */
@Global()
@Module({ providers: [RedisService], exports: [RedisService] })
export class RedisModule {
  constructor({ availability }: RedisService) {
    const logger = new Logger('redis');
    availability.follow((line, isGood) => (isGood ? logger.warn(line) : logger.error(line)));
  }
}
