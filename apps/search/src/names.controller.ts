import { Controller, Get, Req } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ApiTag } from '#libs/openapi/openapi.tags.ts';
import { ValidQuery } from '#libs/openapi/schema.decorators.ts';
import { type NamesQuery, nameListSchema, namesQuerySchema } from '#libs/quotes/names.schema.ts';
import { askerOf, SearchReplica } from './search.replica.ts';

/** The authors and tags of all quotes, open to all. */
@ApiTag('names')
@ApiProblem('too-many-requests', 'unavailable', 'not-ready', 'busy')
@Controller()
export class NamesController {
  constructor(private readonly replica: SearchReplica) {}

  @Get('authors')
  @ApiOperation({
    summary: 'List the authors of quotes by name, with how many quotes each has',
    description:
      'Names that differ in case or accents only are one, in the spelling of most quotes.',
  })
  @ApiAnswer(200, nameListSchema)
  @ApiProblem('invalid-request')
  listAuthors(@ValidQuery(namesQuerySchema) query: NamesQuery, @Req() request: FastifyRequest) {
    return this.#list('authors', query, request);
  }

  @Get('tags')
  @ApiOperation({
    summary: 'List the tags of quotes by name, with how many quotes each has',
    description:
      'Names that differ in case or accents only are one, in the spelling of most quotes.',
  })
  @ApiAnswer(200, nameListSchema)
  @ApiProblem('invalid-request')
  listTags(@ValidQuery(namesQuerySchema) query: NamesQuery, @Req() request: FastifyRequest) {
    return this.#list('tags', query, request);
  }

  #list(
    kind: 'authors' | 'tags',
    { prefix = '', cursor: after, limit }: NamesQuery,
    request: FastifyRequest,
  ) {
    return this.replica.ask('names', { kind, prefix, after, limit }, askerOf(request));
  }
}
