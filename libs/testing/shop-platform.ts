import { randomUUID } from 'node:crypto';
import { Stripe } from 'stripe';
import { type Answer, call, succeeded } from './http-client.ts';
import { ADMIN_KEY, Platform } from './platform.ts';
import { secret } from './secrets.ts';
import type { ServiceProcess } from './service-process.ts';

/** The shops of the tests verify events with this secret. */
export const WEBHOOK_SECRET = secret('webhook');

/** The shops of the tests sign cookies with this secret. */
export const COOKIE_SECRET = secret('cookies-of-the-shops-of-tests');

const stripe = new Stripe('none');

const nowSeconds = () => Math.floor(Date.now() / 1000);
const STARTED_SECONDS = nowSeconds();

/** A platform with quotes, search and shop, the shop in demo mode. */
export class ShopPlatform extends Platform {
  private services_:
    | { quotes: ServiceProcess; search: ServiceProcess; shop: ServiceProcess }
    | undefined;

  get quotes(): ServiceProcess {
    return this.started().quotes;
  }

  get search(): ServiceProcess {
    return this.started().search;
  }

  get shop(): ServiceProcess {
    return this.started().shop;
  }

  override async start(): Promise<void> {
    await super.start();
    const search = await this.service('search');
    const quotes = await this.service('quotes', { SEARCH_URL: search.url });
    const shop = await this.service('shop', shopEnvironment(quotes.url, search.url));
    this.services_ = { quotes, search, shop };
  }

  /** Adds a quote, with further fields of its document, and answers with its id. */
  async addQuote(quote: string, fields: object = {}): Promise<string> {
    const json = { quote, ...fields };
    const answer = await call(this.quotes, 'POST /quotes', { key: ADMIN_KEY, json });
    return succeeded(answer).body.id;
  }

  private started() {
    if (!this.services_) throw new Error('the platform is not started');
    return this.services_;
  }
}

/** The environment of a shop in demo mode. */
export function shopEnvironment(quotesUrl: string, searchUrl: string): NodeJS.ProcessEnv {
  return {
    DEMO_MODE: 'True',
    COOKIE_SECRET,
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    QUOTES_URL: quotesUrl,
    SEARCH_URL: searchUrl,
  };
}

/**
 * What a shop needs besides to take real payments.
 * @param provider address of the payment provider; by default one that nobody can reach
 */
export function paymentEnvironment(provider = 'http://127.0.0.1:9'): NodeJS.ProcessEnv {
  return {
    DEMO_MODE: 'False',
    STRIPE_API_URL: provider,
    STRIPE_SECRET_KEY: secret('key'),
    STRIPE_PUBLISHABLE_KEY: secret('publishable'),
  };
}

/** An event as Stripe sends it. */
export interface TestEvent {
  id: string;
  type: string;
  /** In seconds since 1970. */
  created: number;
  object: Record<string, unknown>;
}

/** An event which says that an order was paid, or what `type` says. */
export function eventOf(
  order: { id: string; total: number },
  type = 'checkout.session.completed',
): TestEvent {
  const object = {
    client_reference_id: order.id,
    metadata: { order: order.id },
    payment_status: 'paid',
    refunded: true,
    amount_total: order.total,
    currency: 'eur',
  };
  return { id: `evt_${randomUUID()}`, type, created: nowSeconds(), object };
}

/**
 * An event which says that the payment of an order in demo mode is disputed.
 * @param status of the dispute
 * @param second of the event, since the beginning of the test
 * @param fields further fields of the dispute, or others in the place of these
 */
export function disputeOf(
  order: { id: string },
  status: string,
  second = 0,
  fields: Record<string, unknown> = {},
): TestEvent {
  const object = { id: `du_${order.id}`, status, payment_intent: `demo_${order.id}`, ...fields };
  const created = STARTED_SECONDS + second;
  return { id: `evt_${randomUUID()}`, type: 'charge.dispute.updated', created, object };
}

/**
 * Delivers an event to a shop, signed.
 * @throws Error when the shop does not take it
 */
export async function deliver(shop: ServiceProcess, event: TestEvent): Promise<Answer> {
  const payload = payloadOf(event);
  return succeeded(await deliverRaw(shop, payload, sign(payload)));
}

/** Delivers bytes as they are. @param signature of no kind when null */
export function deliverRaw(
  shop: ServiceProcess,
  payload: string,
  signature: string | null,
): Promise<Answer> {
  return call(shop, 'POST /webhooks/stripe', {
    raw: payload,
    headers: {
      'content-type': 'application/json',
      ...(signature !== null && { 'stripe-signature': signature }),
    },
  });
}

/** The body of an event. */
export function payloadOf({ id, type, created, object }: TestEvent): string {
  return JSON.stringify({ id, object: 'event', type, created, data: { object } });
}

/**
 * A `Stripe-Signature` field for a body.
 * @param age seconds since it was signed
 */
export function sign(payload: string, key = WEBHOOK_SECRET, age = 0): string {
  const timestamp = nowSeconds() - age;
  return stripe.webhooks.generateTestHeaderString({ payload, secret: key, timestamp });
}

/** The order as the admin sees it. */
export async function orderOf(shop: ServiceProcess, id: string) {
  return succeeded(await call(shop, `GET /orders/${id}`, { key: ADMIN_KEY })).body;
}

/** All orders as the admin sees them. */
export async function orders(shop: ServiceProcess) {
  return succeeded(await call(shop, 'GET /orders?limit=100', { key: ADMIN_KEY })).body.items;
}
