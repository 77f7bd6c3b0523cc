import type { OrderState } from './order.schema.ts';
import type { Payment, PlacedOrder } from './orders.repository.ts';

/**
 * Takes money for orders: Stripe, or a local page that pretends to. What came of a payment is told
 * by events, see the webhook.
 */
export abstract class PaymentProvider {
  /**
   * Opens the page where an order is paid. Called again for the same order it answers with the same
   * page.
   * @throws ProblemError payment-unavailable
   */
  abstract open(order: PlacedOrder): Promise<Payment>;

  /**
   * Where the provider says that a payment stands, for the test page.
   * @throws ProblemError payment-unavailable
   */
  abstract status(payment: Payment): Promise<string>;
}

/** What an event says of an order. */
export interface PaymentEvent {
  id: string;
  order: string;
  state: OrderState;
  /** In cents; undefined in events that bring no money. */
  amount: number | undefined;
  currency: string | undefined;
}
