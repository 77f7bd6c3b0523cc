import type { PaymentState } from './order.schema.ts';

/** What an event says of the payment of an order. */
export interface PaymentEvent {
  id: string;
  order: string;
  state: PaymentState;
  /** In cents; undefined unless the event tells of a payment. */
  amount: number | undefined;
  currency: string | undefined;
}

/** What an event says of a dispute: that the buyer's bank takes the money of an order back. */
export interface DisputeEvent {
  id: string;
  order: string;
  /** Id of the dispute. */
  dispute: string;
  /** Whether the dispute is open, or how it has ended for the shop. */
  state: 'disputed' | 'dispute_won' | 'dispute_lost';
  /** When the provider made the event, in seconds since 1970. */
  at: number;
}

/** What an event says of an order. */
export type OrderEvent = PaymentEvent | DisputeEvent;
