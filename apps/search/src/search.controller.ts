import { Controller, Get, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ValidQuery } from '#libs/openapi/schema.decorators.ts';
import {
  type SearchQuery,
  searchQuerySchema,
  searchResultSchema,
} from '#libs/quotes/search.schema.ts';
import { askerOf } from './search.replica.ts';
import { SearchService } from './search.service.ts';

/** Keyword search, open to all. */
@ApiTags('search')
@ApiProblem('too-many-requests', 'unavailable', 'not-ready', 'busy')
@Controller('search')
export class SearchController {
  constructor(private readonly quotes: SearchService) {}

  @Get()
  @ApiOperation({ summary: 'Find quotes by keyword, best first' })
  @ApiAnswer(200, searchResultSchema)
  @ApiProblem('invalid-request')
  search(@ValidQuery(searchQuerySchema) query: SearchQuery, @Req() request: FastifyRequest) {
    return this.quotes.search(query, askerOf(request));
  }
}
