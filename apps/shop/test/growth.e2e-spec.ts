import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '#libs/testing/eventually.ts';
import { basic, call } from '#libs/testing/http-client.ts';
import { familyOf, keyFamilies } from '#libs/testing/key-families.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import {
  deliver,
  disputeOf,
  eventOf,
  orderOf,
  orders,
  ShopPlatform,
  shopEnvironment,
} from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';
import { ORDER_KEYS } from '../src/orders/order.keys.ts';

const platform = new ShopPlatform();
const HOUR_SECONDS = 3600;
/** The text with the most bytes that is sold: 280 characters, nearly all of four bytes. */
const longest = (i: number) => `${i} ${'🐋'.repeat(277 - String(i).length)}`;
const names = { author: '🐋'.repeat(100), source: '🐋'.repeat(200) };
let texts: string[];

beforeAll(async () => {
  await platform.start();
  texts = [];
  for (let i = 0; i < 20; i += 1) texts.push(await platform.addQuote(longest(i), names));
});
afterAll(() => platform.stop());

/** All keys of a family. */
const keysOf = (prefix: string) => platform.keys(`${prefix}*`);

/** Deletes all orders. */
async function forgetOrders(): Promise<void> {
  const keys = await platform.keys('{shop}:*');
  if (keys.length > 0) await platform.redis.del(keys);
}

/** Bytes that keys take, as Redis counts them. */
async function bytes(keys: string[]): Promise<number> {
  const sizes = await Promise.all(keys.map((key) => platform.redis.memory('USAGE', key)));
  return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
}

describe('an order', () => {
  beforeEach(forgetOrders);

  it('with the most and longest prints takes 4 kB at most, and shares its texts', async () => {
    const order = async () => {
      const visitor = new Visitor(platform.shop);
      for (const id of texts) await visitor.addToCart(id, 'poster', 20);
      // This address is as long as an address may be.
      const domain = `${'y'.repeat(60)}.${'z'.repeat(60)}.${'z'.repeat(60)}.example`;
      const email = `${'x'.repeat(60)}@${domain}`;
      expect((await visitor.checkOut(email)).status).toBe(303);
    };
    await order();
    const alone = await bytes(await platform.keys('{shop}:*'));
    const its = (await platform.keys('{shop}:*')).filter(
      (key) => !/^\{shop\}:(text:|products?$)/.test(key),
    );
    expect(its).toHaveLength(8);
    expect(await bytes(its)).toBeLessThanOrEqual(4096);
    await order();
    expect((await bytes(await platform.keys('{shop}:*'))) - alone).toBeLessThanOrEqual(4096);
    expect(await keysOf(ORDER_KEYS.text)).toHaveLength(20);

    const [newest] = await orders(platform.shop);
    expect(newest.lines.map(({ quote }: { quote: string }) => quote).sort()).toEqual(
      texts.map((_, i) => longest(i)).sort(),
    );
    for (const line of newest.lines) expect(line).toMatchObject(names);
    expect((await orderOf(platform.shop, newest.id)).lines).toEqual(newest.lines);
  }, 60_000);

  it('takes 4 kB at most however much it is disputed, and remembers ten disputes', async () => {
    const visitor = new Visitor(platform.shop);
    for (const id of texts) await visitor.addToCart(id, 'poster', 20);
    await visitor.checkOut();
    const [order] = await orders(platform.shop);
    const tell = (dispute: number, status: string, second: number) => {
      const id = `du_${String(dispute).padStart(24, '0')}`;
      return deliver(platform.shop, disputeOf(order, status, second, { id }));
    };
    for (let i = 0; i < 12; i += 1) await tell(i, 'won', 0);
    for (let i = 1; i <= 60; i += 1) await tell(0, i % 2 === 1 ? 'under_review' : 'won', i);

    const key = ORDER_KEYS.order + order.id;
    const disputes = JSON.parse((await platform.redis.hget(key, 'disputes')) ?? '{}');
    expect(Object.keys(disputes)).toHaveLength(10);
    expect(await bytes([key])).toBeLessThanOrEqual(4096);
    const { state, history } = await orderOf(platform.shop, order.id);
    expect(state).toBe('created');
    expect(history).toHaveLength(50);
  }, 60_000);

  it('that is never paid ends with all its keys, after two days', async () => {
    const [quote = ''] = texts;
    const token = await new Visitor(platform.shop).order(quote);
    const [{ id }] = await orders(platform.shop);
    const keys = [
      ORDER_KEYS.order + id,
      ORDER_KEYS.history + id,
      ORDER_KEYS.token + token,
      ...(await keysOf(ORDER_KEYS.text)),
    ];
    for (const key of keys) {
      expect(await platform.redis.ttl(key)).toBeGreaterThan(47 * HOUR_SECONDS);
      expect(await platform.redis.ttl(key)).toBeLessThanOrEqual(48 * HOUR_SECONDS);
    }
    // Two days pass.
    await platform.redis.del(keys);
    await platform.redis.zadd(ORDER_KEYS.open, 1, id);
    expect(await orders(platform.shop)).toEqual([]);
    expect(await platform.redis.zscore(ORDER_KEYS.orders, id)).toBeNull();
    expect(await platform.redis.zscore(ORDER_KEYS.open, id)).toBeNull();
    expect((await new Visitor(platform.shop).get(`/your-order/${token}`)).status).toBe(404);
    // An event of an order that has ended makes nothing.
    await deliver(platform.shop, eventOf({ id, total: 1400 }));
    expect(await platform.keys(`*${id}*`)).toEqual([]);
  });

  it('that is paid stays for ever, with its texts, also those of earlier orders', async () => {
    const [quote = ''] = texts;
    await new Visitor(platform.shop).order(quote);
    const token = await new Visitor(platform.shop).order(quote);
    const [order] = await orders(platform.shop);
    await deliver(platform.shop, eventOf(order, 'payment_intent.payment_failed'));
    await deliver(platform.shop, eventOf(order));

    const keys = [
      ...[ORDER_KEYS.order, ORDER_KEYS.history, ORDER_KEYS.events].map(
        (prefix) => prefix + order.id,
      ),
      ORDER_KEYS.token + token,
      ...(await keysOf(ORDER_KEYS.text)),
    ];
    expect(keys).toHaveLength(5);
    for (const key of keys) expect([key, await platform.redis.ttl(key)]).toEqual([key, -1]);
    expect(await platform.redis.zscore(ORDER_KEYS.open, order.id)).toBeNull();
    expect(await platform.redis.hget(ORDER_KEYS.order + order.id, 'client')).toBeNull();
    // A later order of the same text gives it no expiry.
    await new Visitor(platform.shop).order(quote);
    for (const key of await keysOf(ORDER_KEYS.text)) expect(await platform.redis.ttl(key)).toBe(-1);
  });

  it('whose money is on its way waits for it', async () => {
    await new Visitor(platform.shop).order(texts[0] ?? '');
    const [order] = await orders(platform.shop);
    const event = eventOf(order);
    await deliver(platform.shop, {
      ...event,
      object: { ...event.object, payment_status: 'unpaid' },
    });
    expect(await platform.redis.ttl(ORDER_KEYS.order + order.id)).toBeGreaterThan(
      29 * 24 * HOUR_SECONDS,
    );
    await deliver(platform.shop, eventOf(order, 'checkout.session.async_payment_succeeded'));
    expect((await orderOf(platform.shop, order.id)).state).toBe('paid');
    expect(await platform.redis.ttl(ORDER_KEYS.order + order.id)).toBe(-1);
  });

  it('remembers a hundred events, and is paid by one more', async () => {
    await new Visitor(platform.shop).order(texts[0] ?? '');
    const [order] = await orders(platform.shop);
    for (let i = 0; i < 101; i += 1)
      await deliver(platform.shop, eventOf(order, 'payment_intent.payment_failed'));
    expect(await platform.redis.scard(ORDER_KEYS.events + order.id)).toBe(100);
    await deliver(platform.shop, eventOf(order));
    expect((await orderOf(platform.shop, order.id)).history).toHaveLength(3);
  });
});

describe('one visitor', () => {
  beforeEach(forgetOrders);

  it('cannot have more than ten orders of a cart wait, nor a hundred of all carts', async () => {
    const [first = '', second = ''] = texts;
    /** Orders ever new contents of one cart, until a refusal. */
    const fill = async (visitor: Visitor) => {
      await visitor.addToCart(first);
      for (let count = 0; ; count += 1) {
        const answer = await visitor.checkOut(`buyer-${count}@moulinsart.example`);
        if (answer.status !== 303) return { count, answer };
      }
    };
    const { count, answer } = await fill(new Visitor(platform.shop));
    expect(count).toBe(10);
    expect(answer.status).toBe(429);
    expect(answer.body).toContain('Your cart is safe');
    const paid = (await orders(platform.shop))[0];
    await deliver(platform.shop, eventOf(paid));

    let all = count;
    for (let cart = 0; cart < 12; cart += 1) all += (await fill(new Visitor(platform.shop))).count;
    // The paid order is not open any more.
    expect(all).toBe(101);
    const another = new Visitor(platform.shop);
    await another.addToCart(second);
    expect((await another.checkOut()).status).toBe(429);
    await deliver(
      platform.shop,
      eventOf((await orders(platform.shop))[0], 'checkout.session.expired'),
    );
    expect((await another.checkOut()).status).toBe(303);
  }, 120_000);
});

it('every key in Redis is of a family of the table, and ends where the table says so', async () => {
  const env: NodeJS.ProcessEnv = { THROTTLE_LIMIT: '1000' };
  const users: ServiceProcess = await platform.service('users', env);
  const quotes = await platform.service('quotes', env);
  const shop = await platform.service('shop', {
    ...shopEnvironment(quotes.url, platform.search.url),
    ...env,
  });
  for (const id of ['tintin', 'haddock']) {
    const json = { id, name: id, password: secret(id) };
    expect((await call(users, 'POST /users', { key: ADMIN_KEY, json })).status).toBe(201);
    expect(
      (await call(quotes, 'POST /quotes', { key: basic(id, secret(id)), json: { quote: id } }))
        .status,
    ).toBe(201);
    expect(
      (await call(quotes, 'POST /quotes', { key: basic(id, secret('wrong')), json: { quote: id } }))
        .status,
    ).toBe(401);
  }
  expect((await call(users, 'DELETE /users/haddock', { key: ADMIN_KEY })).status).toBe(204);
  const file = join(tmpdir(), `growth-${process.pid}.csv`);
  writeFileSync(file, 'quote\nimported\n');
  await promisify(execFile)(process.execPath, ['dist/apps/import/main.js', 'quotes', file], {
    env: platform.redisEnv('import'),
  });
  // The tests before have left as many open orders as this client may have.
  await forgetOrders();
  const quote = await platform.addQuote('Tonnerre de Brest');
  await new Visitor(shop).order(quote);
  await new Visitor(shop).order(quote);
  const [order] = await orders(shop);
  await deliver(shop, eventOf(order));
  // The search service saves the index when it ends.
  await eventually(
    async () => (await call(platform.search, 'GET /search?keyword=brest')).body.total === 1,
  );

  const families = keyFamilies();
  const seen = new Set<string>();
  for (const key of await platform.keys('*')) {
    const family = familyOf(key, families);
    expect([key, family?.key]).toEqual([key, expect.any(String)]);
    seen.add(family?.key ?? '');
    const ttl = await platform.redis.ttl(key);
    if (family?.ttl === 'always') expect([key, ttl]).not.toEqual([key, -1]);
    if (family?.ttl === 'no') expect([key, ttl]).toEqual([key, -1]);
  }
  const passing = /snapshot|leaving/;
  expect(
    families.map(({ key }) => key).filter((key) => !seen.has(key) && !passing.test(key)),
  ).toEqual([]);
});
