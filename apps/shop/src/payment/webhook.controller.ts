import { Body, Controller, Headers, HttpCode, Inject, Logger, Post, Req } from '@nestjs/common';
import { ApiHeader, ApiOperation } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyRequest } from 'fastify';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ApiTag } from '#libs/openapi/openapi.tags.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { orderIdSchema } from '../orders/order.schema.ts';
import { OrdersService } from '../orders/orders.service.ts';
import { PaymentProvider } from '../orders/payment.provider.ts';
import { paymentEventCount } from '../shop.metrics.ts';
import { toOrderEvent } from './payment.events.ts';
import { STRIPE } from './payment.tokens.ts';

const receivedSchema = z
  .object({ received: z.boolean().meta({ example: true }) })
  .meta({ id: 'Received' });

/** An event in the documents; Stripe's library is what reads it. */
const eventSchema = z
  .looseObject({
    id: z.string().optional().meta({ example: 'evt_1PzU0v2eZvKYlo2C' }),
    type: z.string().optional().meta({ example: 'checkout.session.completed' }),
    data: z
      .looseObject({
        object: z
          .record(z.string(), z.unknown())
          .optional()
          .describe('the session, payment or charge'),
      })
      .optional()
      .meta({ id: 'StripeEventData' }),
  })
  .describe('an event as Stripe sends it; only the fields that the shop reads are named')
  .meta({ id: 'StripeEvent' });

/**
 * Receives the outcome of payments and disputes from Stripe: the only way for an order to become
 * paid. Signatures are checked over the bytes as they came, by Stripe's own library (HMAC-SHA256
 * with a timestamp, 5 minutes of tolerance). Answers 200 only once the order is stored, so that
 * Stripe repeats an event that was lost.
 */
@ApiTag('payments')
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
  @ApiOperation({
    summary: 'Take an event of Stripe, signed by it',
    description:
      'Stripe calls this, and nobody else can: the signature is a HMAC over the time and the ' +
      'bytes of the body, with the secret that Stripe and the shop share, and is good for 5 ' +
      'minutes. The answer says that the order is stored. Events that concern no order are taken ' +
      'as well.',
  })
  @ApiHeader({
    name: 'Stripe-Signature',
    description: 'time and signatures of the event, as Stripe makes them',
    required: true,
    example: 't=1763740800,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd',
  })
  @ApiAnswer(200, receivedSchema)
  @ApiProblem(
    'unsigned-event',
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
    'payment-unavailable',
  )
  async receiveStripeEvent(
    @Req() request: FastifyRequest,
    // No pipe reads the body: the signature is over its bytes.
    @Body({ schema: eventSchema }) body: unknown,
    @Headers('stripe-signature') signature: string | undefined,
  ) {
    const told = this.verify(body, signature);
    const event = await toOrderEvent(told, (payment) => this.provider.orderOf(payment));
    if (event) {
      request.actor = 'stripe';
      // Stripe has signed the event, but it may name an order of another shop.
      if (orderIdSchema.safeParse(event.order).success) request.subject = event.order;
      const outcome = await this.orders.apply(event);
      paymentEventCount.add(outcome);
      this.logger.log(`event ${event.id}: order ${event.order} ${event.state}, ${outcome}`);
    } else if (told.type?.startsWith('charge.dispute.')) {
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
