import type { Stripe } from 'stripe';
import type { PaymentEvent } from '../orders/payment.provider.ts';

/**
 * What a Stripe event says of an order; undefined when it concerns none. A declined card leaves its
 * session open, so that a later `paid` overrides `failed`.
 */
export function toPaymentEvent(event: Stripe.Event): PaymentEvent | undefined {
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
    default:
      return undefined;
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
