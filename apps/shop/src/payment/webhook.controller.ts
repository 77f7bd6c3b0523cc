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
import { paymentEventCount } from '../shop.metrics.ts';
import { toPaymentEvent } from './payment.events.ts';
import { STRIPE } from './payment.tokens.ts';

const receivedSchema = z.object({ received: z.literal(true) }).meta({ id: 'Received' });

/**
 * Receives the outcome of payments from Stripe: the only way for an order to become paid.
 * Signatures are checked over the bytes as they came, by Stripe's own library (HMAC-SHA256 with a
 * timestamp, 5 minutes of tolerance). Answers 200 only once the order is stored, so that Stripe
 * repeats an event that was lost.
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
  ) {}

  @Post('stripe')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take an event of Stripe, signed by it' })
  @ApiAnswer(200, receivedSchema)
  @ApiProblem('unsigned-event', 'body-too-large', 'unsupported-media-type', 'unavailable')
  async receive(
    @Req() request: FastifyRequest,
    @Headers('stripe-signature') signature: string | undefined,
  ) {
    const event = toPaymentEvent(this.verify(request.body, signature));
    if (event) {
      request.actor = 'stripe';
      // Stripe has signed the event, but it may name an order of another shop.
      if (orderIdSchema.safeParse(event.order).success) request.subject = event.order;
      const outcome = await this.orders.apply(event);
      paymentEventCount.add(outcome);
      this.logger.log(`event ${event.id}: order ${event.order} ${event.state}, ${outcome}`);
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
