import { Controller, Delete, Get, Header, HttpCode, Patch, Post, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireUser } from '#libs/credentials/user.guard.ts';
import { entityTag } from '#libs/http/entity.tag.ts';
import { preconditionOf } from '#libs/http/precondition.ts';
import { ApiAnswer, ApiMedia, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ApiTag } from '#libs/openapi/openapi.tags.ts';
import { ValidBody, ValidQuery } from '#libs/openapi/schema.decorators.ts';
import {
  type NewQuoteBody,
  newQuoteSchema,
  type QuoteChangesBody,
  type QuoteExportQuery,
  quoteChangesSchema,
  quoteExportQuerySchema,
  quoteListSchema,
  quoteSchema,
} from '#libs/quotes/quote.schema.ts';
import { ReadAhead } from '#libs/throttling/read-ahead.decorator.ts';
import {
  type QuoteListQuery,
  quoteListQuerySchema,
  type RandomQuery,
  randomQuerySchema,
  type SampleQuery,
  sampleQuerySchema,
  sampleSchema,
  type TodayQuery,
  todayQuerySchema,
} from './query.schema.ts';
import { QuoteId } from './quote-id.decorator.ts';
import { JSON_LINES_TYPE, QuotesExport } from './quotes.export.ts';
import { QuotesService } from './quotes.service.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const ENTITY_TAG = 'Entity tag of the quote as it is in this answer';

/** Documents the field `If-Match` of a write of one quote. */
const ApiIfMatch = () =>
  ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'entity tags: nothing is done unless the quote still has one of them',
  });

/** The quotes: reading for all, writing for the admin and for users. */
@ApiTag('quotes')
@ApiProblem('too-many-requests', 'unavailable', 'busy')
@Controller('quotes')
export class QuotesController {
  constructor(
    private readonly quotes: QuotesService,
    private readonly exporter: QuotesExport,
  ) {}

  @Post()
  @RequireUser()
  @Header('content-type', JSON_TYPE)
  @ApiOperation({
    summary: 'Add a quote',
    description:
      'The admin may have it signed by any user, or by nobody. A user signs with the own id, and ' +
      'with no other.',
  })
  @ApiAnswer(201, quoteSchema, { Location: 'Path of the quote', ETag: ENTITY_TAG })
  @ApiProblem(
    'invalid-request',
    'malformed-body',
    'forbidden',
    'precondition-failed',
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
    const precondition = preconditionOf(request.headers);
    const { id, document } = await this.quotes.create(body, request.user?.id, precondition);
    request.subject = id;
    reply.header('location', `/quotes/${id}`).header('etag', entityTag(document));
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
  @ApiProblem('invalid-request', 'unavailable', 'search-unavailable', 'busy')
  listQuotes(
    @ValidQuery(quoteListQuerySchema) query: QuoteListQuery,
    @Req() request: FastifyRequest,
  ) {
    return this.quotes.list(query, request);
  }

  @Get('random')
  // One that asks the search service waits for the verdict, so that a refusal costs nothing there.
  @ReadAhead(({ url }) => !url.includes('?'))
  @Header('content-type', JSON_TYPE)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Read a quote drawn at random',
    description: 'Every quote that matches is drawn with the same probability.',
  })
  @ApiAnswer(200, quoteSchema)
  @ApiProblem('invalid-request', 'not-found', 'unavailable', 'search-unavailable', 'busy')
  getRandomQuote(
    @ValidQuery(randomQuerySchema) query: RandomQuery,
    @Req() request: FastifyRequest,
  ) {
    return this.quotes.random(query, request);
  }

  @Get('sample')
  @Header('content-type', JSON_TYPE)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Read different quotes drawn at random',
    description: 'Every set of so many quotes that match is drawn with the same probability.',
  })
  @ApiAnswer(200, sampleSchema)
  @ApiProblem('invalid-request', 'unavailable', 'search-unavailable', 'busy')
  sampleQuotes(@ValidQuery(sampleQuerySchema) query: SampleQuery, @Req() request: FastifyRequest) {
    return this.quotes.sample(query, request);
  }

  @Get('today')
  @Header('content-type', JSON_TYPE)
  @ApiOperation({
    summary: 'Read the quote of the day, the same one all day',
    description:
      'It is drawn among the quotes that were there before the day began. New quotes do not ' +
      'change it, but a change or a deletion among those that match can.',
  })
  @ApiAnswer(200, quoteSchema, { 'Cache-Control': 'Until the day ends' })
  @ApiProblem('invalid-request', 'not-found', 'unavailable', 'search-unavailable', 'busy')
  async getQuoteOfToday(
    @ValidQuery(todayQuerySchema) query: TodayQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { document, secondsLeft } = await this.quotes.today(query, request);
    reply.header('cache-control', `public, max-age=${secondsLeft}`);
    return document;
  }

  @Get('export')
  @Header('content-type', JSON_LINES_TYPE)
  @ApiOperation({
    summary: 'Read all quotes, oldest first, as JSON Lines',
    description:
      'A Quote as JSON on each line, which ends with a line feed. An answer that was cut off ' +
      'goes on with `after`, its last id.',
  })
  @ApiMedia(JSON_LINES_TYPE, '{"id":"1763740800000000","quote":"Tonnerre de Brest !"}\n')
  @ApiProblem('invalid-request')
  exportQuotes(
    @ValidQuery(quoteExportQuerySchema) { after }: QuoteExportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.exporter.open(after, reply);
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

  @Patch(':id')
  @RequireUser()
  @Header('content-type', JSON_TYPE)
  @ApiOperation({
    summary: 'Change the given fields of a quote; search follows',
    description: 'A field that is left out stays as it is, and null clears one.',
  })
  @ApiIfMatch()
  @ApiAnswer(200, quoteSchema, { ETag: ENTITY_TAG })
  @ApiProblem(
    'invalid-request',
    'malformed-body',
    'forbidden',
    'not-found',
    'precondition-failed',
    'body-too-large',
    'unsupported-media-type',
    'unknown-user',
    'unavailable',
    'busy',
    'full',
  )
  async changeQuote(
    @QuoteId() id: string,
    @ValidBody(quoteChangesSchema) body: QuoteChangesBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    request.subject = id;
    const precondition = preconditionOf(request.headers);
    const document = await this.quotes.change(id, body, request.user?.id, precondition);
    reply.header('etag', entityTag(document));
    return document;
  }

  @Delete(':id')
  @RequireUser()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a quote; it is gone from list, random and search at once',
    description: 'The admin may delete every quote, and a user those that the user has signed.',
  })
  @ApiIfMatch()
  @ApiAnswer(204)
  @ApiProblem('invalid-request', 'forbidden', 'not-found', 'precondition-failed')
  deleteQuote(@QuoteId() id: string, @Req() request: FastifyRequest) {
    request.subject = id;
    return this.quotes.delete(id, request.user?.id, preconditionOf(request.headers));
  }
}
