import { randomUUID } from 'node:crypto';
import type { Stripe } from 'stripe';
import { callService } from '#libs/http/http.client.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import type { Payment, PlacedOrder } from '../orders/orders.repository.ts';
import { PaymentProvider } from '../orders/payment.provider.ts';

const DELIVERY_TIMEOUT_MS = 5_000;

/** The event of each outcome that a tester may choose. An abandoned payment sends none. */
export const DEMO_EVENTS = {
  paid: 'checkout.session.completed',
  declined: 'payment_intent.payment_failed',
  expired: 'checkout.session.expired',
} as const;

/**
 * Pretends to be Stripe: a local payment page, and events that are signed and delivered like
 * Stripe's.
 */
export class DemoProvider extends PaymentProvider {
  private readonly stripe: Stripe;
  private readonly webhook: URL;
  private readonly secret: string;

  /**
   * @param webhook where events are delivered
   * @param secret signs the events
   */
  constructor(stripe: Stripe, webhook: string, secret: string) {
    super();
    this.stripe = stripe;
    this.webhook = new URL(webhook);
    this.secret = secret;
  }

  override async open(order: PlacedOrder): Promise<Payment> {
    return { id: `demo_${order.id}`, url: `/demo-checkout/${order.token}` };
  }

  override async status(): Promise<string> {
    return 'open on the local page';
  }

  override async orderOf(payment: string): Promise<string | undefined> {
    return /^demo_(.+)$/.exec(payment)?.[1];
  }

  /**
   * Delivers an event as Stripe would: signed, over HTTP, to the webhook.
   * @throws ProblemError payment-unavailable when the webhook does not take it
   */
  async deliver(order: PlacedOrder, outcome: keyof typeof DEMO_EVENTS): Promise<void> {
    const payload = JSON.stringify({
      id: `evt_demo_${randomUUID()}`,
      object: 'event',
      type: DEMO_EVENTS[outcome],
      data: {
        object: {
          id: `demo_${order.id}`,
          client_reference_id: order.id,
          metadata: { order: order.id },
          payment_status: outcome === 'paid' ? 'paid' : 'unpaid',
          amount_total: order.total,
          currency: order.currency,
        },
      },
    });
    const signature = this.stripe.webhooks.generateTestHeaderString({
      payload,
      secret: this.secret,
    });
    const answer = await callService({
      method: 'POST',
      url: this.webhook,
      headers: { 'content-type': 'application/json', 'stripe-signature': signature },
      body: payload,
      timeoutMs: DELIVERY_TIMEOUT_MS,
    }).catch(() => undefined);
    if (!answer || answer.status >= 300) throw new ProblemError('payment-unavailable');
  }
}
