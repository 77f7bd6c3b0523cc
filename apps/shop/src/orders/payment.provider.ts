import type { Payment, PlacedOrder } from './orders.repository.ts';

/**
 * Takes money for orders: Stripe, or a local page that pretends to be Stripe. The webhook receives
 * the outcome of a payment as an event.
 */
export abstract class PaymentProvider {
  /**
   * Opens the page where an order is paid. Called again for the same order it answers with the same
   * page.
   * @throws ProblemError payment-unavailable
   */
  abstract open(order: PlacedOrder): Promise<Payment>;

  /**
   * The state of a payment according to the provider, for the test page.
   * @throws ProblemError payment-unavailable
   */
  abstract status(payment: Payment): Promise<string>;

  /**
   * The id of the order that a payment was for, by what the provider calls the payment; undefined
   * when it was for none of this shop.
   * @throws ProblemError payment-unavailable
   */
  abstract orderOf(payment: string): Promise<string | undefined>;
}
