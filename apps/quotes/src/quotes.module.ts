import { Module } from '@nestjs/common';
import { AdminKeyModule } from '#libs/admin-key/admin-key.module.ts';
import { CredentialsService } from './credentials.service.ts';
import { QuotesController } from './quotes.controller.ts';
import { QuotesService } from './quotes.service.ts';

/** The quotes service. */
@Module({ imports: [AdminKeyModule], controllers: [QuotesController], providers: [QuotesService, CredentialsService] })
export class QuotesModule {}
