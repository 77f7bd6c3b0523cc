import { Controller, Get, Req } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ApiTag } from '#libs/openapi/openapi.tags.ts';
import { ValidQuery } from '#libs/openapi/schema.decorators.ts';
import {
  type SearchQuery,
  searchQuerySchema,
  searchResultSchema,
} from '#libs/quotes/search.schema.ts';
import {
  type SuggestionQuery,
  suggestionListSchema,
  suggestionQuerySchema,
} from '#libs/quotes/suggestion.schema.ts';
import { askerOf } from './search.replica.ts';
import { SearchService } from './search.service.ts';
import { SuggestionService } from './suggestion.service.ts';

/** Keyword search and what it suggests, open to all. */
@ApiTag('search')
@ApiProblem('too-many-requests', 'unavailable', 'not-ready', 'busy')
@Controller('search')
export class SearchController {
  constructor(
    private readonly quotes: SearchService,
    private readonly suggestions: SuggestionService,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Find quotes by keyword, best first',
    description:
      'Case and accents do not matter, and other forms of a word match below the word itself. ' +
      'Where few quotes match, words are also split, joined and taken for similar ones; where ' +
      'none does, some are left out. A quote is found a moment after it was added, and no longer ' +
      'once it is deleted.',
  })
  @ApiAnswer(200, searchResultSchema)
  @ApiProblem('invalid-request')
  searchQuotes(@ValidQuery(searchQuerySchema) query: SearchQuery, @Req() request: FastifyRequest) {
    return this.quotes.search(query, askerOf(request));
  }

  @Get('suggest')
  @ApiOperation({
    summary: 'Suggest authors, and words that complete the last one, for what is being typed',
    description:
      'Authors of whose name a word begins with the prefix; then the prefix with its last word ' +
      'completed, by how many quotes hold all words.',
  })
  @ApiAnswer(200, suggestionListSchema)
  @ApiProblem('invalid-request')
  suggestKeywords(
    @ValidQuery(suggestionQuerySchema) query: SuggestionQuery,
    @Req() request: FastifyRequest,
  ) {
    return this.suggestions.suggest(query, askerOf(request));
  }
}
