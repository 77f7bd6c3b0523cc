import { Module } from '@nestjs/common';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { IndexLag } from './index.lag.ts';
import { SearchController } from './search.controller.ts';
import { SearchReplica } from './search.replica.ts';
import { SearchService } from './search.service.ts';

/** The search service. */
@Module({
  controllers: [SearchController],
  providers: [SearchService, SearchReplica, IndexLag, QuotesRepository],
})
export class SearchModule {}
