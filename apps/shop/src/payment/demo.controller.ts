import { Controller, Get, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ValidBody } from '#libs/openapi/schema.decorators.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { isPayable, OrdersService } from '../orders/orders.service.ts';
import { PaymentProvider } from '../orders/payment.provider.ts';
import { FormGuard, formSchema, formToken } from '../web/form.guard.ts';
import { redirect, sendPage } from '../web/page.reply.ts';
import { demoCheckoutPage } from './demo.page.ts';
import { DEMO_EVENTS, DemoProvider } from './demo.provider.ts';

const outcomeSchema = formSchema({ outcome: z.enum(['paid', 'declined', 'expired', 'abandoned']) });

/** The local payment page, which exists only in DEMO_MODE. */
@ApiExcludeController()
@Controller('demo-checkout')
export class DemoController {
  constructor(
    private readonly provider: PaymentProvider,
    private readonly orders: OrdersService,
  ) {}

  @Get(':token')
  async show(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    this.demoProvider();
    const order = await this.orders.ofBuyer(token);
    if (isPayable(order)) sendPage(reply, demoCheckoutPage(order, formToken(request, reply)));
    else redirect(reply, `/your-order/${token}`);
  }

  @Post(':token')
  @UseGuards(FormGuard)
  async pay(
    @Param('token') token: string,
    @ValidBody(outcomeSchema) { outcome }: z.output<typeof outcomeSchema>,
    @Res() reply: FastifyReply,
  ) {
    const provider = this.demoProvider();
    const order = await this.orders.ofBuyer(token);
    if (outcome === 'abandoned') return redirect(reply, '/checkout/cancelled');
    if (isPayable(order)) await provider.deliver(order, outcome satisfies keyof typeof DEMO_EVENTS);
    redirect(reply, outcome === 'declined' ? `/demo-checkout/${token}` : `/your-order/${token}`);
  }

  private demoProvider(): DemoProvider {
    if (!(this.provider instanceof DemoProvider)) throw new ProblemError('not-found');
    return this.provider;
  }
}
