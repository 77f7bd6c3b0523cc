import { Stripe } from 'stripe';
import { ProblemError } from '#libs/problem/problem.ts';
import { attribution, PRINT_OFFERS } from '../catalogue/prints.ts';
import type { OrderLine } from '../orders/order.schema.ts';
import type { Payment, PlacedOrder } from '../orders/orders.repository.ts';
import { PaymentProvider } from '../orders/payment.provider.ts';

type Country = Stripe.Checkout.SessionCreateParams.ShippingAddressCollection.AllowedCountry;

/** The European Union, as the terms of sale say (ISO 3166-1). */
const DELIVERY_COUNTRIES =
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(
    ' ',
  ) as Country[];

/** Stripe waits for what an event comes to, and sends it again later when that takes too long. */
const WEBHOOK_CALL = { timeout: 2_000, maxNetworkRetries: 1 };

/** Stripe Checkout, on Stripe's own pages: card data never reaches us. */
export class StripeProvider extends PaymentProvider {
  private readonly stripe: Stripe;
  private readonly shopUrl: string;

  /** @param shopUrl where Stripe sends the buyer back to; never taken from a request */
  constructor(stripe: Stripe, shopUrl: string) {
    super();
    this.stripe = stripe;
    this.shopUrl = shopUrl;
  }

  override async open(order: PlacedOrder): Promise<Payment> {
    const metadata = { order: order.id };
    const session = await withProblem(
      this.stripe.checkout.sessions.create(
        {
          mode: 'payment',
          client_reference_id: order.id,
          customer_email: order.email,
          metadata,
          payment_intent_data: { metadata },
          // The prices of the shop include the tax. Without these two, an account that reckons tax
          // by itself may add some, and the buyer would pay another amount than the order costs.
          automatic_tax: { enabled: false },
          line_items: order.lines.map((line) => ({
            quantity: line.quantity,
            price_data: {
              currency: order.currency,
              unit_amount: line.unit_price,
              tax_behavior: 'inclusive',
              product_data: { name: PRINT_OFFERS[line.print].name, description: describe(line) },
            },
          })),
          shipping_address_collection: { allowed_countries: DELIVERY_COUNTRIES },
          success_url: `${this.shopUrl}/your-order/${order.token}`,
          cancel_url: `${this.shopUrl}/checkout/cancelled`,
        },
        // Stripe makes one session of two clicks, or of a click that is repeated after a crash.
        { idempotencyKey: `checkout-${order.id}` },
      ),
    );
    if (!session.url) throw new ProblemError('payment-unavailable');
    return { id: session.id, url: session.url };
  }

  override async status({ id }: Payment): Promise<string> {
    const { status, payment_status } = await withProblem(
      this.stripe.checkout.sessions.retrieve(id),
    );
    return `${status}, ${payment_status}`;
  }

  /** A dispute names the payment intent, which has the id of the order since it was opened. */
  override async orderOf(payment: string): Promise<string | undefined> {
    try {
      const { metadata } = await this.stripe.paymentIntents.retrieve(payment, {}, WEBHOOK_CALL);
      return metadata.order;
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404)
        return undefined;
      throw problemOf(error, 'tell what a payment was for');
    }
  }
}

function describe(line: OrderLine): string {
  const by = attribution(line);
  return by === '' ? line.quote : `${line.quote} — ${by}`;
}

async function withProblem<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw problemOf(error, 'open the payment page');
  }
}

/** Stripe's errors may quote a request, so that only their type is passed on. */
function problemOf(error: unknown, what: string): ProblemError {
  const kind = error instanceof Error && 'type' in error ? error.type : 'unknown error';
  return new ProblemError('payment-unavailable', `Stripe did not ${what} (${kind})`);
}
