import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ApiTag } from '#libs/openapi/openapi.tags.ts';
import { ValidQuery } from '#libs/openapi/schema.decorators.ts';
import { decodeQuote } from '#libs/quotes/quote.document.ts';
import {
  type RandomQuery,
  randomQuerySchema,
  type TodayQuery,
  todayQuerySchema,
} from '../query.schema.ts';
import { QuoteId } from '../quote-id.decorator.ts';
import { QuotesService } from '../quotes.service.ts';
import { quoteCard } from './quote.card.ts';
import { quoteText } from './quote.text.ts';
import { AnswersCard, AnswersFeed, AnswersText } from './rendering.decorators.ts';

/**
 * The quotes as texts for shells, as cards for READMEs and as a feed for readers. A card costs more
 * than the JSON of a quote, so these handlers do not read ahead of the limit of requests.
 */
@ApiTag('quotes')
@ApiProblem('too-many-requests', 'unavailable', 'busy')
@Controller('quotes')
export class RenderingsController {
  constructor(private readonly quotes: QuotesService) {}

  @Get('feed.atom')
  @AnswersFeed('Read the newest 20 quotes as an Atom feed')
  getQuotesFeed(@Req() request: FastifyRequest) {
    return this.quotes.feed(request.signal);
  }

  @Get('random.txt')
  @AnswersText('Read a quote drawn at random, as plain text')
  @Header('cache-control', 'no-store')
  @ApiProblem('invalid-request', 'not-found', 'unavailable', 'search-unavailable', 'busy')
  async getRandomQuoteText(
    @ValidQuery(randomQuerySchema) query: RandomQuery,
    @Req() request: FastifyRequest,
  ) {
    return quoteText(decodeQuote(await this.quotes.random(query, request)));
  }

  @Get('random.svg')
  @AnswersCard('Read a quote drawn at random, as a card')
  @Header('cache-control', 'no-store')
  @ApiProblem('invalid-request', 'not-found', 'unavailable', 'search-unavailable', 'busy')
  async getRandomQuoteCard(
    @ValidQuery(randomQuerySchema) query: RandomQuery,
    @Req() request: FastifyRequest,
  ) {
    return quoteCard(decodeQuote(await this.quotes.random(query, request)));
  }

  @Get('today.txt')
  @AnswersText('Read the quote of the day, as plain text')
  @ApiProblem('invalid-request', 'not-found', 'unavailable', 'search-unavailable', 'busy')
  async getQuoteOfTodayText(
    @ValidQuery(todayQuerySchema) query: TodayQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return quoteText(await this.today(query, request, reply));
  }

  @Get('today.svg')
  @AnswersCard('Read the quote of the day, as a card')
  @ApiProblem('invalid-request', 'not-found', 'unavailable', 'search-unavailable', 'busy')
  async getQuoteOfTodayCard(
    @ValidQuery(todayQuerySchema) query: TodayQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return quoteCard(await this.today(query, request, reply));
  }

  @Get(':id.txt')
  @AnswersText('Read a quote as plain text')
  @ApiProblem('invalid-request', 'not-found')
  async getQuoteText(@QuoteId() id: string) {
    return quoteText(decodeQuote(await this.quotes.find(id)));
  }

  @Get(':id.svg')
  @AnswersCard('Read a quote as a card')
  @ApiProblem('invalid-request', 'not-found')
  async getQuoteCard(@QuoteId() id: string) {
    return quoteCard(decodeQuote(await this.quotes.find(id)));
  }

  private async today(query: TodayQuery, request: FastifyRequest, reply: FastifyReply) {
    const { document, secondsLeft } = await this.quotes.today(query, request);
    reply.header('cache-control', `public, max-age=${secondsLeft}`);
    return decodeQuote(document);
  }
}
