import { call } from '#libs/testing/http-client.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import {
  deliver,
  deliverRaw,
  disputeOf,
  eventOf,
  orders,
  payloadOf,
  paymentEnvironment,
  ShopPlatform,
  shopEnvironment,
} from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';

const platform = new ShopPlatform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());

/** The shop's own metrics that are not 0. */
async function counted(shop: ServiceProcess): Promise<Record<string, number>> {
  const { body } = await call(shop, 'GET /metrics');
  const samples = (body as string).matchAll(/^shop_(\w+){\w+="(\w+)"} (\d+)$/gm);
  return Object.fromEntries(
    [...samples]
      .map(([, name, label, value]) => [`${name} ${label}`, Number(value)] as const)
      .filter(([, n]) => n > 0),
  );
}

it('counts orders by state, payment events by outcome, and sources of the catalogue', async () => {
  const { shop } = platform;
  const quote = await platform.addQuote('Ectoplasme !');
  const buyer = new Visitor(shop);
  await buyer.order(quote);
  // A second submission makes no second order.
  await buyer.checkOut();
  const [order] = await orders(shop);
  const paid = eventOf(order);
  for (const event of [
    eventOf({ ...order, total: 1 }),
    paid,
    paid,
    eventOf(order, 'payment_intent.payment_failed'),
    eventOf(order, 'charge.refunded'),
    eventOf({ ...order, id: 'PR-AAAAAAAAAA' }),
    disputeOf(order, 'needs_response', 0),
    disputeOf(order, 'under_review', 1),
    disputeOf(order, 'lost', 2),
    // What a dispute leaves an order is not counted once more.
    disputeOf(order, 'won', 3),
  ]) {
    await deliver(shop, event);
  }
  for (const signature of ['forged', null]) await deliverRaw(shop, payloadOf(paid), signature);

  const { 'catalogue_reads_total service': reads, ...others } = await counted(shop);
  expect(others).toEqual({
    'orders_total created': 1,
    'orders_total paid': 1,
    'orders_total refunded': 1,
    'orders_total disputed': 1,
    'orders_total dispute_lost': 1,
    'payment_pages_total opened': 1,
    'payment_events_total refused': 1,
    'payment_events_total advanced': 5,
    'payment_events_total repeated': 1,
    'payment_events_total unchanged': 2,
    'payment_events_total unknown': 1,
    'payment_events_total unsigned': 2,
  });
  expect(reads).toBeGreaterThan(0);
});

it('counts payment pages that fail to open, and pages from memory without the quotes', async () => {
  const quote = await platform.addQuote('Bachi-bouzouk !');
  const shop = await platform.service('shop', {
    ...shopEnvironment(platform.quotes.url, platform.search.url),
    ...paymentEnvironment(),
  });
  const buyer = new Visitor(shop);
  await buyer.addToCart(quote);
  expect((await buyer.checkOut()).status).toBe(503);
  await platform.quotes.end('SIGKILL');
  expect((await buyer.get(`/products/${quote}`)).status).toBe(200);

  const counts = await counted(shop);
  expect(counts['payment_pages_total failed']).toBe(1);
  expect(counts['catalogue_reads_total memory']).toBe(1);
});
