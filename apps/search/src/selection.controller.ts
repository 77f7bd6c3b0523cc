import { Controller, Get, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyRequest } from 'fastify';
import { ValidQuery } from '#libs/openapi/schema.decorators.ts';
import {
  type SelectionPageQuery,
  type SelectionSampleQuery,
  type SelectionTodayQuery,
  selectionPageQuerySchema,
  selectionSampleQuerySchema,
  selectionTodayQuerySchema,
} from '#libs/quotes/selection.schema.ts';
import { askerOf } from './search.replica.ts';
import { SelectionService } from './selection.service.ts';

/**
 * Which quotes have what is asked for. The quotes service asks, for clients that it has counted
 * itself; the edge routes nobody else here.
 */
@SkipThrottle()
@ApiExcludeController()
@Controller('selection')
export class SelectionController {
  constructor(private readonly quotes: SelectionService) {}

  @Get()
  page(
    @ValidQuery(selectionPageQuerySchema) query: SelectionPageQuery,
    @Req() request: FastifyRequest,
  ) {
    return this.quotes.page(query, askerOf(request));
  }

  @Get('sample')
  sample(
    @ValidQuery(selectionSampleQuerySchema) query: SelectionSampleQuery,
    @Req() request: FastifyRequest,
  ) {
    return this.quotes.sample(query, askerOf(request));
  }

  @Get('today')
  today(
    @ValidQuery(selectionTodayQuerySchema) query: SelectionTodayQuery,
    @Req() request: FastifyRequest,
  ) {
    return this.quotes.today(query, askerOf(request));
  }
}
