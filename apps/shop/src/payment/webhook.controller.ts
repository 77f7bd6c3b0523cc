import { Controller, Headers, HttpCode, Inject, Logger, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyRequest } from 'fastify';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { orderIdSchema } from '../orders/order.schema.ts';
import { OrdersService } from '../orders/orders.service.ts';
import { PaymentProvider } from '../orders/payment.provider.ts';
import { paymentEventCount } from '../shop.metrics.ts';
import { toOrderEvent } from './payment.events.ts';
import { STRIPE } from './payment.tokens.ts';

const receivedSchema = z.object({ received: z.literal(true) }).meta({ id: 'Received' });

/**
 * Receives the outcome of payments and disputes from Stripe: the only way for an order to become
 * paid. Signatures are checked over the bytes as they came, by Stripe's own library (HMAC-SHA256
 * with a timestamp, 5 minutes of tolerance). Answers 200 only once the order is stored, so that
 * Stripe repeats an event that was lost.
 */
@ApiTags('payments')
@SkipThrottle()
@Controller('webhooks')
export class WebhookController {
  private readonly logger = new Logger('webhook');

  constructor(
    @Inject(STRIPE) private readonly stripe: Stripe,
    @Inject(CONFIG) private readonly config: Config,
    private readonly orders: OrdersService,
    private readonly provider: PaymentProvider,
  ) {}

  @Post('stripe')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take an event of Stripe, signed by it' })
  @ApiAnswer(200, receivedSchema)
  @ApiProblem(
    'unsigned-event',
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
    'payment-unavailable',
  )
  async receive(
    @Req() request: FastifyRequest,
    @Headers('stripe-signature') signature: string | undefined,
  ) {
    const told = this.verify(request.body, signature);
    const event = await toOrderEvent(told, (payment) => this.provider.orderOf(payment));
    if (event) {
      request.actor = 'stripe';
      // Stripe has signed the event, but it may name an order of another shop.
      if (orderIdSchema.safeParse(event.order).success) request.subject = event.order;
      const outcome = await this.orders.apply(event);
      paymentEventCount.add(outcome);
      this.logger.log(`event ${event.id}: order ${event.order} ${event.state}, ${outcome}`);
    } else if (told.type.startsWith('charge.dispute.')) {
      this.logger.warn(`event ${told.id}: ${told.type} of a payment for no order of this shop`);
    }
    return { received: true };
  }

  private verify(body: unknown, signature: string | undefined): Stripe.Event {
    try {
      if (Buffer.isBuffer(body) && signature !== undefined)
        return this.stripe.webhooks.constructEvent(
          body,
          signature,
          this.config.STRIPE_WEBHOOK_SECRET ?? '',
        );
    } catch {
      // An invalid signature counts like a missing one.
    }
    paymentEventCount.add('unsigned');
    throw new ProblemError('unsigned-event');
  }
}
