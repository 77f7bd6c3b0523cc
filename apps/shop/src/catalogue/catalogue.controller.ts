import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ValidParam, ValidQuery } from '#libs/openapi/schema.decorators.ts';
import { quoteIdSchema } from '#libs/quotes/quote.schema.ts';
import { formToken } from '../web/form.guard.ts';
import { PageQuery } from '../web/page.query.ts';
import { pageHeaders, sendPage, sendZipped } from '../web/page.reply.ts';
import { type CatalogueQuery, catalogueQuerySchema } from './catalogue.schema.ts';
import { CatalogueService } from './catalogue.service.ts';
import { productPage } from './product.page.ts';

/** The catalogue and the page of each product. */
@ApiExcludeController()
@Controller()
export class CatalogueController {
  constructor(private readonly catalogue: CatalogueService) {}

  @Get()
  @PageQuery(catalogueQuerySchema)
  async list(
    @ValidQuery(catalogueQuerySchema) query: CatalogueQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const page = await this.catalogue.page(query, request.id);
    pageHeaders(reply, 'public, max-age=30').header('etag', page.etag);
    if (request.headers['if-none-match']?.includes(page.etag)) {
      reply.code(304).send();
      return;
    }
    sendZipped(reply, page.body, () => page.gzip);
  }

  @Get('products/:id')
  async product(
    @ValidParam('id', quoteIdSchema) id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    sendPage(
      reply,
      productPage(await this.catalogue.product(id, request.id), formToken(request, reply)),
    );
  }
}
