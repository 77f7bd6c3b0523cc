import { Module } from '@nestjs/common';
import { AdminKeyModule } from '#libs/admin-key/admin-key.module.ts';
import { CredentialsService } from '#libs/credentials/credentials.service.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { LoginsRepository } from '#libs/users/logins.repository.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import { UsersController } from './users.controller.ts';
import { UsersService } from './users.service.ts';

/** The users service. */
@Module({
  imports: [AdminKeyModule],
  controllers: [UsersController],
  providers: [
    UsersService,
    CredentialsService,
    UsersRepository,
    LoginsRepository,
    QuotesRepository,
  ],
})
export class UsersModule {}
