import { Module } from '@nestjs/common';
import { AdminKeyModule } from '#libs/admin-key/admin-key.module.ts';
import { CredentialsService } from '#libs/credentials/credentials.service.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { LoginsRepository } from '#libs/users/logins.repository.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import { QuotesController } from './quotes.controller.ts';
import { QuotesExport } from './quotes.export.ts';
import { QuotesService } from './quotes.service.ts';
import { SelectionClient } from './selection.client.ts';

/** The quotes service. */
@Module({
  imports: [AdminKeyModule],
  controllers: [QuotesController],
  providers: [
    QuotesService,
    SelectionClient,
    QuotesExport,
    CredentialsService,
    QuotesRepository,
    UsersRepository,
    LoginsRepository,
  ],
})
export class QuotesModule {}
