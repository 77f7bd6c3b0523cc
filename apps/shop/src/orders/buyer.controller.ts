import { Controller, Get, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ValidBody } from '#libs/openapi/schema.decorators.ts';
import { cartOf, dropCart } from '../cart/cart.cookie.ts';
import { FormGuard, formSchema, formToken } from '../web/form.guard.ts';
import { redirect, sendPage } from '../web/page.reply.ts';
import { lookupPage } from './lookup.page.ts';
import { orderPage } from './order.page.ts';
import { OrdersService } from './orders.service.ts';

const lookupSchema = formSchema({
  id: z.string('must be given once').trim().toUpperCase().max(13),
  email: z.string('must be given once').trim().max(254),
});

/** What buyers see of their orders. */
@ApiExcludeController()
@Controller()
export class BuyerController {
  constructor(private readonly orders: OrdersService) {}

  @Get('orders/lookup')
  lookup(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    sendPage(reply, lookupPage(formToken(request, reply)));
  }

  @Post('orders/lookup')
  @UseGuards(FormGuard)
  async find(
    @ValidBody(lookupSchema) { id, email }: z.output<typeof lookupSchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const order = await this.orders.lookUp(id, email);
    if (order) redirect(reply, `/your-order/${order.token}`);
    else sendPage(reply.code(404), lookupPage(formToken(request, reply), true));
  }

  /** Only the webhook changes an order: whoever opens this page has not proved a payment. */
  @Get('your-order/:token')
  async show(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const order = await this.orders.ofBuyer(token);
    if (order.state === 'paid' && order.cart === cartOf(request).id) dropCart(reply);
    sendPage(reply, orderPage(order));
  }
}
