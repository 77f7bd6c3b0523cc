import { Controller, Get, Header, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { decodeQuote } from '#libs/quotes/quote.document.ts';
import { QuoteId } from '../quote-id.decorator.ts';
import { QuotesService } from '../quotes.service.ts';
import { quoteCard } from './quote.card.ts';
import { quoteText } from './quote.text.ts';
import { AnswersCard, AnswersFeed, AnswersText } from './rendering.decorators.ts';

/**
 * The quotes as texts for shells, as cards for READMEs and as a feed for readers. A card costs more
 * than the JSON of a quote, so these handlers do not read ahead of the limit of requests.
 */
@ApiTags('quotes')
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
  @ApiProblem('not-found')
  async getRandomQuoteText() {
    return quoteText(decodeQuote(await this.quotes.random()));
  }

  @Get('random.svg')
  @AnswersCard('Read a quote drawn at random, as a card')
  @Header('cache-control', 'no-store')
  @ApiProblem('not-found')
  async getRandomQuoteCard() {
    return quoteCard(decodeQuote(await this.quotes.random()));
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
}
