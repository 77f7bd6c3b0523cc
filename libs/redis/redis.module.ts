import { Global, Module } from '@nestjs/common';
import { QuotesRepository } from './quotes.repository.ts';
import { RedisService } from './redis.service.ts';
import { UsersRepository } from './users.repository.ts';

/** Redis and the repositories over it, for every app. */
@Global()
@Module({
  providers: [RedisService, QuotesRepository, UsersRepository],
  exports: [RedisService, QuotesRepository, UsersRepository],
})
export class RedisModule {}
