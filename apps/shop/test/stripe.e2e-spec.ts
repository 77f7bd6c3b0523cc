import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from '#libs/testing/eventually.ts';
import { expectProblem } from '#libs/testing/http-client.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import {
  deliver,
  deliverRaw,
  disputeOf,
  eventOf,
  orderOf,
  orders,
  payloadOf,
  paymentEnvironment,
  ShopPlatform,
  shopEnvironment,
  sign,
} from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';

const platform = new ShopPlatform();
/**
 * In the place of Stripe, to see what it is asked. The drill `stripe` asks Stripe's own stripe-mock
 * the same.
 */
let stripe: Server;
let asked: { target: string; body: URLSearchParams }[];
let answers: Record<string, [status: number, body: object]>;
let shop: ServiceProcess;
let quote: string;

beforeAll(async () => {
  stripe = createServer(async (request, response) => {
    const target = `${request.method} ${request.url}`;
    asked.push({ target, body: new URLSearchParams(await text(request)) });
    const [status, body] = answers[target] ?? [404, { error: { type: 'invalid_request_error' } }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(stripe, 'listening');
  await platform.start();
  shop = await platform.service('shop', {
    ...shopEnvironment(platform.quotes.url, platform.search.url),
    ...paymentEnvironment(`http://127.0.0.1:${(stripe.address() as AddressInfo).port}`),
  });
  quote = await platform.addQuote('Ciel, mes bijoux !', { author: 'Bianca', source: 'Les Bijoux' });
});
afterAll(async () => {
  await platform.stop();
  stripe.closeAllConnections();
  stripe.close();
});
beforeEach(() => {
  asked = [];
  answers = {
    'POST /v1/checkout/sessions': [200, { id: 'cs_1', url: 'https://checkout.stripe.com/c/1' }],
  };
});

it('is asked for prices that include the tax, and for no tax on top', async () => {
  const visitor = new Visitor(shop);
  await visitor.addToCart(quote, 'poster', 2);
  await visitor.addToCart(await platform.addQuote('Wouah'), 'card');
  expect((await visitor.checkOut()).headers.get('location')).toBe(
    'https://checkout.stripe.com/c/1',
  );

  const [{ body } = { body: new URLSearchParams() }] = asked;
  expect(body.get('automatic_tax[enabled]')).toBe('false');
  for (const line of [0, 1])
    expect(body.get(`line_items[${line}][price_data][tax_behavior]`)).toBe('inclusive');
  const described = 'line_items[0][price_data][product_data][description]';
  expect(body.get(described)).toBe('Ciel, mes bijoux ! — Bianca, Les Bijoux');
  expect(body.get(described.replace('[0]', '[1]'))).toBe('Wouah');
});

describe('a dispute names a payment only, and', () => {
  const PAYMENT = 'GET /v1/payment_intents/pi_1';
  let order: { id: string; total: number };
  const dispute = () => disputeOf(order, 'needs_response', 0, { payment_intent: 'pi_1' });
  const state = async () => (await orderOf(shop, order.id)).state;

  beforeEach(async () => {
    await new Visitor(shop).order(quote);
    [order] = await orders(shop);
    await deliver(shop, eventOf(order));
  });

  it('Stripe tells its order', async () => {
    answers[PAYMENT] = [200, { id: 'pi_1', metadata: { order: order.id } }];
    await deliver(shop, dispute());
    expect(await state()).toBe('disputed');
  });

  it.each([
    ['knows no such payment', [404, { error: { type: 'invalid_request_error' } }]],
    ['knows a payment of another shop', [200, { id: 'pi_1', metadata: {} }]],
  ] as const)(
    'is ignored where Stripe %s, with a line in the log',
    async (_what, [status, body]) => {
      answers[PAYMENT] = [status, body];
      const event = dispute();
      await deliver(shop, event);
      expect(await state()).toBe('paid');
      await eventually(() =>
        shop.output().includes(`event ${event.id}: charge.dispute.updated of a payment for no`),
      );
    },
  );

  it('is refused where Stripe cannot be asked, so that Stripe tells of it again', async () => {
    answers[PAYMENT] = [500, { error: { type: 'api_error' } }];
    const payload = payloadOf(dispute());
    expectProblem(await deliverRaw(shop, payload, sign(payload)), 503, 'payment-unavailable');
    expect(await state()).toBe('paid');
    answers[PAYMENT] = [200, { id: 'pi_1', metadata: { order: order.id } }];
    await deliverRaw(shop, payload, sign(payload));
    expect(await state()).toBe('disputed');
  });
});
