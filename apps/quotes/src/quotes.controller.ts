import { Controller, Delete, Get, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ApiTag } from '#libs/openapi/openapi.tags.ts';
import { ValidBody, ValidQuery } from '#libs/openapi/schema.decorators.ts';
import {
  type NewQuoteBody,
  newQuoteSchema,
  type QuoteListQuery,
  quoteListQuerySchema,
  quoteListSchema,
  quoteSchema,
} from '#libs/quotes/quote.schema.ts';
import { ReadAhead } from '#libs/throttling/read-ahead.decorator.ts';
import { RequireAuthor } from './author.guard.ts';
import { QuoteId } from './quote-id.decorator.ts';
import { QuotesService } from './quotes.service.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** The quotes: reading for all, writing for the admin and for users. */
@ApiTag('quotes')
@ApiProblem('too-many-requests', 'unavailable', 'busy')
@Controller('quotes')
export class QuotesController {
  constructor(private readonly quotes: QuotesService) {}

  @Post()
  @RequireAuthor()
  @Header('content-type', JSON_TYPE)
  @ApiOperation({
    summary: 'Add a quote',
    description:
      'The admin may have it signed by any user, or by nobody. A user signs with the own id, and ' +
      'with no other.',
  })
  @ApiAnswer(201, quoteSchema, { Location: 'Path of the quote' })
  @ApiProblem(
    'invalid-request',
    'malformed-body',
    'unauthorized',
    'forbidden',
    'body-too-large',
    'unsupported-media-type',
    'unknown-user',
    'unavailable',
    'busy',
    'full',
  )
  async createQuote(
    @ValidBody(newQuoteSchema) body: NewQuoteBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { id, document } = await this.quotes.create(body, request.author);
    request.subject = id;
    reply.header('location', `/quotes/${id}`);
    return document;
  }

  @Get()
  @Header('content-type', JSON_TYPE)
  @ApiOperation({
    summary: 'List the quotes, newest first, or read those of `ids`',
    description:
      'A page at a time: `next` of a page is the `cursor` of the page behind it. Quotes that are ' +
      'added meanwhile shift no page.',
  })
  @ApiAnswer(200, quoteListSchema)
  @ApiProblem('invalid-request')
  listQuotes(
    @ValidQuery(quoteListQuerySchema) query: QuoteListQuery,
    @Req() request: FastifyRequest,
  ) {
    return this.quotes.list(query, request.signal);
  }

  @Get('random')
  @ReadAhead()
  @Header('content-type', JSON_TYPE)
  @ApiOperation({
    summary: 'Read a quote drawn at random',
    description: 'Every quote is drawn with the same probability.',
  })
  @ApiAnswer(200, quoteSchema)
  @ApiProblem('not-found')
  getRandomQuote() {
    return this.quotes.random();
  }

  @Get(':id')
  @ReadAhead()
  @Header('content-type', JSON_TYPE)
  @ApiOperation({
    summary: 'Read a quote',
    description: 'The id is the one that the answer to its addition has named.',
  })
  @ApiAnswer(200, quoteSchema)
  @ApiProblem('invalid-request', 'not-found')
  getQuote(@QuoteId() id: string) {
    return this.quotes.find(id);
  }

  @Delete(':id')
  @RequireAuthor()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a quote; it is gone from list, random and search at once',
    description: 'The admin may delete every quote, and a user those that the user has signed.',
  })
  @ApiAnswer(204)
  @ApiProblem('invalid-request', 'unauthorized', 'forbidden', 'not-found')
  deleteQuote(@QuoteId() id: string, @Req() request: FastifyRequest) {
    request.subject = id;
    return this.quotes.delete(id, request.author);
  }
}
