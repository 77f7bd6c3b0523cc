import { Module } from '@nestjs/common';
import { AdminKeyModule } from '#libs/admin-key/admin-key.module.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import { UsersController } from './users.controller.ts';
import { UsersService } from './users.service.ts';

/** The users service. */
@Module({
  imports: [AdminKeyModule],
  controllers: [UsersController],
  providers: [UsersService, UsersRepository, QuotesRepository],
})
export class UsersModule {}
