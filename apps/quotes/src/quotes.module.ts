import { Module } from '@nestjs/common';
import { AdminKeyModule } from '#libs/admin-key/admin-key.module.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { LoginsRepository } from '#libs/users/logins.repository.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import { CredentialsService } from './credentials.service.ts';
import { QuotesController } from './quotes.controller.ts';
import { QuotesService } from './quotes.service.ts';
import { RenderingsController } from './renderings/renderings.controller.ts';

/** The quotes service. */
@Module({
  imports: [AdminKeyModule],
  controllers: [RenderingsController, QuotesController],
  providers: [
    QuotesService,
    CredentialsService,
    QuotesRepository,
    UsersRepository,
    LoginsRepository,
  ],
})
export class QuotesModule {}
