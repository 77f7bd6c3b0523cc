import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '#libs/testing/eventually.ts';
import { freePort } from '#libs/testing/redis-server.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import {
  deliver,
  deliverRaw,
  eventOf,
  orderOf,
  orders,
  payloadOf,
  paymentEnvironment,
  ShopPlatform,
  shopEnvironment,
  sign,
} from '#libs/testing/shop-platform.ts';
import { tokenIn, Visitor } from '#libs/testing/visitor.ts';

/** Longest wait before a kill: about the time of an order from the first byte to the last. */
const MAX_WAIT_MS = 30;
/** Rounds of two kills each. */
const SHOP_KILLS = 4;
const REDIS_KILLS = 6;

// With the default, a sync every second, Redis may answer before it has written.
const platform = new ShopPlatform(['--appendfsync', 'always']);
let quote: string;

beforeAll(async () => {
  await platform.start();
  quote = await platform.addQuote('Mille sabords');
});
afterAll(() => platform.stop());

type Order = { id: string; total: number; state: string };

const historyOf = async (shop: ServiceProcess, { id }: Order) =>
  (await orderOf(shop, id)).history.map(({ state }: { state: string }) => state);

/** Goes to the payment page, as often as it takes to get there. */
async function insist(visitor: Visitor): Promise<string> {
  return tokenIn(
    await eventually(async () => {
      const answer = await visitor.checkOut();
      return answer.status === 303 ? answer : (false as const);
    }),
  );
}

/** Fills the last form in; a call of the returned function clicks. */
async function aboutToClick(visitor: Visitor) {
  await visitor.addToCart(quote);
  const fields = { _token: await visitor.token('/checkout'), email: 'tintin@moulinsart.example' };
  return () => visitor.post('/checkout', fields);
}

/** Asserts that every order was paid exactly once, and that there is one for each buyer's link. */
async function expectAllPaidOnce(shop: ServiceProcess, tokens: string[]): Promise<void> {
  const all: Order[] = await orders(shop);
  expect(all).toHaveLength(new Set(tokens).size);
  for (const order of all) expect(await historyOf(shop, order)).toEqual(['created', 'paid']);
}

describe('an order survives', () => {
  beforeEach(async () => {
    const keys = await platform.keys('{shop}:*');
    if (keys.length > 0) await platform.redis.del(keys);
  });

  it('the death of the shop between storing it and hearing of its payment page', async () => {
    const port = await freePort();
    const keys: unknown[] = [];
    let shop: ServiceProcess;
    // In place of Stripe, this kills its caller the first time, and answers the second.
    const provider = createServer((request, response) => {
      request.resume();
      // Another suite may still ask for the health of a service that had this port before.
      if (!request.url?.startsWith('/v1/')) {
        response.writeHead(404).end();
        return;
      }
      keys.push(request.headers['idempotency-key']);
      if (keys.length === 1) shop.process.kill('SIGKILL');
      else
        response
          .setHeader('content-type', 'application/json')
          .end('{"id":"cs_1","url":"https://checkout.stripe.com/c/pay/1"}');
    }).listen(0, '127.0.0.1');
    await once(provider, 'listening');
    const env = {
      ...shopEnvironment(platform.quotes.url, platform.search.url),
      ...paymentEnvironment(`http://127.0.0.1:${(provider.address() as AddressInfo).port}`),
      APP_PORT: String(port),
    };
    shop = await platform.service('shop', env);
    const visitor = new Visitor(shop);
    await visitor.addToCart(quote);
    await expect(visitor.checkOut()).rejects.toThrow();
    await shop.exited;
    shop = await platform.service('shop', env);

    expect((await visitor.checkOut()).headers.get('location')).toBe(
      'https://checkout.stripe.com/c/pay/1',
    );
    const [order, ...others] = await orders(shop);
    expect(others).toEqual([]);
    expect(keys).toEqual([`checkout-${order.id}`, `checkout-${order.id}`]);
    provider.close();
  });

  it('kills of the shop at random instants, from the click to the payment', async () => {
    const env = {
      ...shopEnvironment(platform.quotes.url, platform.search.url),
      APP_PORT: String(await freePort()),
    };
    const tokens: string[] = [];
    let shop = await platform.service('shop', env);
    for (let round = 0; round < SHOP_KILLS; round += 1) {
      const visitor = new Visitor(shop);
      const click = await aboutToClick(visitor);
      const clicked = click().catch(() => undefined);
      await delay(randomInt(MAX_WAIT_MS));
      await shop.end('SIGKILL');
      await clicked;
      shop = await platform.service('shop', env);
      tokens.push(await insist(visitor));

      const [order] = await orders(shop);
      const event = eventOf(order);
      const told = deliver(shop, event).catch(() => undefined);
      await delay(randomInt(MAX_WAIT_MS / 3));
      await shop.end('SIGKILL');
      await told;
      shop = await platform.service('shop', env);
      // Stripe repeats an event until it is accepted.
      await eventually(() => deliver(shop, event));
    }
    await expectAllPaidOnce(shop, tokens);
  }, 60_000);

  it('kills of Redis at random instants', async () => {
    const tokens: string[] = [];
    for (let round = 0; round < REDIS_KILLS; round += 1) {
      await Promise.all([platform.quotes.ready(), platform.shop.ready()]);
      const visitor = new Visitor(platform.shop);
      const click = await aboutToClick(visitor);
      const clicked = click();
      await delay(randomInt(MAX_WAIT_MS));
      await platform.signalRedis('SIGKILL');
      expect([303, 503]).toContain((await clicked).status);
      await platform.startRedis();
      tokens.push(await insist(visitor));

      const [order] = await orders(platform.shop);
      const event = eventOf(order);
      const payload = payloadOf(event);
      const told = deliverRaw(platform.shop, payload, sign(payload));
      await delay(randomInt(MAX_WAIT_MS / 3));
      await platform.signalRedis('SIGKILL');
      expect([200, 503]).toContain((await told).status);
      await platform.startRedis();
      await eventually(() => deliver(platform.shop, event));
    }
    await expectAllPaidOnce(platform.shop, tokens);
  }, 60_000);
});

it('an unreachable payment page costs neither order nor cart', async () => {
  await platform.quotes.ready();
  const shop = await platform.service('shop', {
    ...shopEnvironment(platform.quotes.url, platform.search.url),
    ...paymentEnvironment(),
  });
  const visitor = new Visitor(shop);
  await visitor.addToCart(quote);
  const answer = await visitor.checkOut();
  expect(answer.status).toBe(503);
  expect(answer.body).toContain('Nothing was charged and your cart is safe');
  expect(answer.body).not.toMatch(/127\.0\.0\.1:9|ECONNREFUSED|unutterable/);
  expect((await visitor.get('/cart')).body).toContain('€14.00');
});
