import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ApiTag } from '#libs/openapi/openapi.tags.ts';
import { ValidParam, ValidQuery } from '#libs/openapi/schema.decorators.ts';
import type { Page } from '../web/layout.ts';
import { PageQuery } from '../web/page.query.ts';
import { sendPage } from '../web/page.reply.ts';
import { RequireAdmin } from './admin-page.guard.ts';
import {
  type Order,
  type OrderListQuery,
  orderIdSchema,
  orderListQuerySchema,
  orderListSchema,
  orderSchema,
  orderWithHistorySchema,
} from './order.schema.ts';
import { adminOrderPage, ordersPage } from './orders.page.ts';
import { OrdersService } from './orders.service.ts';

/** The orders, for the admin: JSON for programs, a plain page for browsers. */
@ApiTag('orders')
@ApiProblem('too-many-requests', 'unavailable')
@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get()
  @RequireAdmin()
  @PageQuery(orderListQuerySchema, wantsPage)
  @ApiOperation({
    summary: 'List the orders, newest first',
    description:
      'A page at a time: `next` of a page is the `cursor` of the page behind it. A browser, ' +
      'which accepts `text/html`, gets a page instead.',
  })
  @ApiAnswer(200, orderListSchema)
  @ApiProblem('invalid-request')
  async listOrders(
    @ValidQuery(orderListQuerySchema) { limit, cursor }: OrderListQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const page = await this.orders.list(limit, cursor);
    const orders = { ...page, items: page.items.map(shown) };
    answer(request, reply, orders, () => ordersPage(orders, limit));
  }

  @Get(':id')
  @RequireAdmin()
  @ApiOperation({
    summary: 'Read an order and its history',
    description: 'A browser, which accepts `text/html`, gets a page instead.',
  })
  @ApiAnswer(200, orderWithHistorySchema)
  @ApiProblem('invalid-request', 'not-found')
  async getOrder(
    @ValidParam('id', orderIdSchema) id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const order = await this.orders.find(id);
    answer(request, reply, { ...shown(order), history: order.history }, () =>
      adminOrderPage(order),
    );
  }
}

/** An order without the buyer's token and other internals. */
function shown(order: Order): Order {
  return orderSchema.parse(order);
}

/** Whether a browser asks, and not a program. */
function wantsPage({ headers }: FastifyRequest): boolean {
  return /\btext\/html\b/.test(headers.accept ?? '');
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  document: unknown,
  page: () => Page,
): void {
  reply.header('vary', 'accept');
  if (wantsPage(request)) sendPage(reply, page());
  else
    reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(document));
}
