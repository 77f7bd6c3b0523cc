import { Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { clientOf } from '#libs/http/client.address.ts';
import { ValidBody } from '#libs/openapi/schema.decorators.ts';
import { cartOf } from '../cart/cart.cookie.ts';
import { PricingService } from '../cart/pricing.service.ts';
import { OrdersService } from '../orders/orders.service.ts';
import { FormGuard, formSchema, formToken } from '../web/form.guard.ts';
import { redirect, sendPage } from '../web/page.reply.ts';
import { cancelledPage, checkoutPage } from './checkout.page.ts';

const checkoutSchema = formSchema({ email: z.string('must be given once').max(1000) });
const emailSchema = z.string().trim().pipe(z.email().max(254));

/** From the cart to the payment page. */
@ApiExcludeController()
@Controller('checkout')
export class CheckoutController {
  constructor(
    private readonly pricing: PricingService,
    private readonly orders: OrdersService,
  ) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const priced = await this.pricing.price(cartOf(request), request.id);
    if (priced.lines.length === 0 || priced.gone.length > 0) redirect(reply, '/cart');
    else sendPage(reply, checkoutPage(priced, formToken(request, reply)));
  }

  @Post()
  @UseGuards(FormGuard)
  async pay(
    @ValidBody(checkoutSchema) body: z.output<typeof checkoutSchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const cart = cartOf(request);
    const priced = await this.pricing.price(cart, request.id);
    // The buyer must see that lines are gone before paying for the others.
    if (priced.lines.length === 0 || priced.gone.length > 0) return redirect(reply, '/cart');
    const email = emailSchema.safeParse(body.email);
    if (!email.success) {
      const page = checkoutPage(
        priced,
        formToken(request, reply),
        body.email,
        'does not look like an e-mail address',
      );
      return sendPage(reply.code(400), page);
    }
    request.actor = 'buyer';
    const { id, url } = await this.orders.checkOut(
      clientOf(request.ip),
      cart.id,
      email.data,
      priced.lines,
      priced.total,
    );
    request.subject = id;
    redirect(reply, url);
  }

  @Get('cancelled')
  cancelled(@Res() reply: FastifyReply) {
    sendPage(reply, cancelledPage());
  }
}
