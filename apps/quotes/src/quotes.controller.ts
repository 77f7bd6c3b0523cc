import { Controller, Delete, Get, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireUser } from '#libs/credentials/user.guard.ts';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
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
import { QuoteId } from './quote-id.decorator.ts';
import { QuotesService } from './quotes.service.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** The quotes: reading for all, writing for the admin and for users. */
@ApiTags('quotes')
@ApiProblem('too-many-requests', 'unavailable', 'busy')
@Controller('quotes')
export class QuotesController {
  constructor(private readonly quotes: QuotesService) {}

  @Post()
  @RequireUser()
  @Header('content-type', JSON_TYPE)
  @ApiOperation({ summary: 'Add a quote' })
  @ApiAnswer(201, quoteSchema, { Location: 'Path of the quote' })
  @ApiProblem(
    'invalid-request',
    'malformed-body',
    'forbidden',
    'body-too-large',
    'unsupported-media-type',
    'unknown-user',
    'unavailable',
    'busy',
    'full',
  )
  async create(
    @ValidBody(newQuoteSchema) body: NewQuoteBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { id, document } = await this.quotes.create(body, request.user?.id);
    request.subject = id;
    reply.header('location', `/quotes/${id}`);
    return document;
  }

  @Get()
  @Header('content-type', JSON_TYPE)
  @ApiOperation({ summary: 'List the quotes, newest first, or read those of `ids`' })
  @ApiAnswer(200, quoteListSchema)
  @ApiProblem('invalid-request')
  list(@ValidQuery(quoteListQuerySchema) query: QuoteListQuery, @Req() request: FastifyRequest) {
    return this.quotes.list(query, request.signal);
  }

  @Get('random')
  @ReadAhead()
  @Header('content-type', JSON_TYPE)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Read a quote drawn at random' })
  @ApiAnswer(200, quoteSchema)
  @ApiProblem('not-found')
  random() {
    return this.quotes.random();
  }

  @Get(':id')
  @ReadAhead()
  @Header('content-type', JSON_TYPE)
  @ApiOperation({ summary: 'Read a quote' })
  @ApiAnswer(200, quoteSchema)
  @ApiProblem('invalid-request', 'not-found')
  find(@QuoteId() id: string) {
    return this.quotes.find(id);
  }

  @Delete(':id')
  @RequireUser()
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a quote; it is gone from list, random and search at once' })
  @ApiAnswer(204)
  @ApiProblem('invalid-request', 'forbidden', 'not-found')
  delete(@QuoteId() id: string, @Req() request: FastifyRequest) {
    request.subject = id;
    return this.quotes.delete(id, request.user?.id);
  }
}
