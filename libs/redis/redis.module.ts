import { Global, Logger, Module } from '@nestjs/common';
import { LoginsRepository } from './logins.repository.ts';
import { OrdersRepository } from './orders.repository.ts';
import { ProductsRepository } from './products.repository.ts';
import { QuotesRepository } from './quotes.repository.ts';
import { RedisService } from './redis.service.ts';
import { UsersRepository } from './users.repository.ts';

/** Redis and the repositories over it, for every app. */
@Global()
@Module({
  providers: [RedisService, QuotesRepository, UsersRepository, LoginsRepository, OrdersRepository, ProductsRepository],
  exports: [RedisService, QuotesRepository, UsersRepository, LoginsRepository, OrdersRepository, ProductsRepository],
})
export class RedisModule {
  constructor({ availability }: RedisService) {
    const logger = new Logger('redis');
    availability.follow((line, isGood) => (isGood ? logger.warn(line) : logger.error(line)));
  }
}
