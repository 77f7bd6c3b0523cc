import type { Stripe } from 'stripe';
import type { DisputeEvent, OrderEvent, PaymentEvent } from '../orders/order.events.ts';

/**
 * What a Stripe event says of an order; undefined when it concerns none. A declined card leaves its
 * session open, so that a later `paid` overrides `failed`.
 * @param orderOf the id of the order that a payment intent was for
 * @throws what `orderOf` throws
 */
export async function toOrderEvent(
  event: Stripe.Event,
  orderOf: (payment: string) => Promise<string | undefined>,
): Promise<OrderEvent | undefined> {
  switch (event.type) {
    case 'checkout.session.completed':
      // Payment methods that take days complete the session first and pay later.
      return ofSession(
        event.id,
        event.data.object,
        event.data.object.payment_status === 'unpaid' ? 'created' : 'paid',
      );
    case 'checkout.session.async_payment_succeeded':
      return ofSession(event.id, event.data.object, 'paid');
    case 'checkout.session.async_payment_failed':
      return ofSession(event.id, event.data.object, 'failed');
    case 'checkout.session.expired':
      return ofSession(event.id, event.data.object, 'expired');
    case 'payment_intent.payment_failed':
      return ofMetadata(event.id, event.data.object.metadata, 'failed');
    case 'charge.refunded':
      return event.data.object.refunded
        ? ofMetadata(event.id, event.data.object.metadata, 'refunded')
        : undefined;
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
      return ofDispute(event.id, event.created, event.data.object, orderOf);
    default:
      return undefined;
  }
}

async function ofDispute(
  id: string,
  at: number,
  dispute: Stripe.Dispute,
  orderOf: (payment: string) => Promise<string | undefined>,
): Promise<DisputeEvent | undefined> {
  const { payment_intent: payment } = dispute;
  if (payment === null) return undefined;
  const order = await orderOf(typeof payment === 'string' ? payment : payment.id);
  return order === undefined
    ? undefined
    : { id, order, dispute: dispute.id, state: disputeState(dispute), at };
}

/**
 * Every event of a dispute holds the whole of it as it was then, so that the kind of the event does
 * not matter. A dispute may be an inquiry, which takes no money yet (`warning_closed`: it never
 * did), and an appeal opens again one that was lost.
 */
function disputeState({ status, payment_method_details: method }: Stripe.Dispute) {
  switch (status) {
    case 'won':
    case 'warning_closed':
      return 'dispute_won';
    case 'lost':
      return 'dispute_lost';
    case 'prevented':
      // Before the bank was asked, the dispute was either blocked or resolved, which gives the
      // money back.
      return method?.card?.case_type === 'resolution' ? 'dispute_lost' : 'dispute_won';
    default:
      return 'disputed';
  }
}

function ofSession(
  id: string,
  session: Stripe.Checkout.Session,
  state: PaymentEvent['state'],
): PaymentEvent | undefined {
  if (!session.client_reference_id) return undefined;
  const money =
    state === 'paid'
      ? { amount: session.amount_total ?? undefined, currency: session.currency ?? undefined }
      : { amount: undefined, currency: undefined };
  return { id, order: session.client_reference_id, state, ...money };
}

function ofMetadata(
  id: string,
  metadata: Stripe.Metadata,
  state: PaymentEvent['state'],
): PaymentEvent | undefined {
  return metadata.order
    ? { id, order: metadata.order, state, amount: undefined, currency: undefined }
    : undefined;
}
