import { Global, Logger, Module } from '@nestjs/common';
import { ProductsRepository } from '#apps/shop/src/catalogue/products.repository.ts';
import { OrdersRepository } from '#apps/shop/src/orders/orders.repository.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { LoginsRepository } from '#libs/users/logins.repository.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import { RedisService } from './redis.service.ts';

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
