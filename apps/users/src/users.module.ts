import { Global, Module } from '@nestjs/common';
import { AdminKeyModule } from '#libs/admin-key/admin-key.module.ts';
import { CredentialsService } from '#libs/credentials/credentials.service.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { KnownUsers } from '#libs/throttling/known.users.ts';
import { LoginsRepository } from '#libs/users/logins.repository.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import { UsersController } from './users.controller.ts';
import { UsersService } from './users.service.ts';

/** The users service. It is global, so that the limiter finds whoever knows the users. */
@Global()
@Module({
  imports: [AdminKeyModule],
  controllers: [UsersController],
  providers: [
    UsersService,
    CredentialsService,
    UsersRepository,
    LoginsRepository,
    QuotesRepository,
    { provide: KnownUsers, useExisting: CredentialsService },
  ],
  exports: [KnownUsers],
})
export class UsersModule {}
