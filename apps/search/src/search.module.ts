import { Module } from '@nestjs/common';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { IndexLag } from './index.lag.ts';
import { NamesController } from './names.controller.ts';
import { SearchController } from './search.controller.ts';
import { SearchReplica } from './search.replica.ts';
import { SearchService } from './search.service.ts';
import { SelectionController } from './selection.controller.ts';
import { SelectionService } from './selection.service.ts';
import { SuggestionService } from './suggestion.service.ts';

/** The search service. */
@Module({
  controllers: [SearchController, NamesController, SelectionController],
  providers: [
    SearchService,
    SuggestionService,
    SelectionService,
    SearchReplica,
    IndexLag,
    QuotesRepository,
  ],
})
export class SearchModule {}
