import { Controller, Get, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { clientOf } from '#libs/http/client.address.ts';
import { ValidBody, ValidQuery } from '#libs/openapi/schema.decorators.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { emptyCart } from '../cart/cart.ts';
import { PRINT_OFFERS } from '../catalogue/prints.ts';
import { isPayable, OrdersService } from '../orders/orders.service.ts';
import { PaymentProvider } from '../orders/payment.provider.ts';
import { FormGuard, formSchema, formToken } from '../web/form.guard.ts';
import { PageQuery } from '../web/page.query.ts';
import { redirect, sendPage } from '../web/page.reply.ts';
import { stepsOf, stripeTestPage } from './stripe-test.page.ts';

const querySchema = z.strictObject({ order: z.string('must be given once').max(64).optional() });
const buySchema = formSchema({});

/** A test of the payment API, which exists only in DEBUG mode. */
@ApiExcludeController()
@Controller('stripe-test')
export class StripeTestController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly orders: OrdersService,
    private readonly provider: PaymentProvider,
  ) {}

  @Get()
  @PageQuery(querySchema)
  async show(
    @ValidQuery(querySchema) { order: token }: z.output<typeof querySchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    this.assertDebug();
    const order = token === undefined ? undefined : await this.orders.ofBuyer(token);
    const status = order?.payment ? await this.provider.status(order.payment) : 'not yet';
    const shown = order && {
      steps: stepsOf(order, status),
      payment: isPayable(order) ? order.payment?.url : undefined,
    };
    sendPage(reply, stripeTestPage(formToken(request, reply), PRINT_OFFERS.card.price, shown));
  }

  @Post()
  @UseGuards(FormGuard)
  async buy(
    @ValidBody(buySchema) _body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    this.assertDebug();
    request.actor = 'buyer';
    const unit_price = PRINT_OFFERS.card.price;
    const line = {
      quote_id: '1',
      quote: 'API test',
      author: null,
      source: null,
      print: 'card' as const,
      quantity: 1,
      unit_price,
    };
    const { id, token } = await this.orders.checkOut(
      clientOf(request.ip),
      emptyCart().id,
      'api-test@example.com',
      [line],
      unit_price,
    );
    request.subject = id;
    redirect(reply, `/stripe-test?order=${token}`);
  }

  private assertDebug(): void {
    if (!this.config.DEBUG) throw new ProblemError('not-found');
  }
}
