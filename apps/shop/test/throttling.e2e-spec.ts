import { type Answer, call, expectProblem } from '#libs/testing/http-client.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import {
  deliver,
  eventOf,
  orders,
  ShopPlatform,
  shopEnvironment,
} from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';

const platform = new ShopPlatform();
const LIMIT = 10;
let shop: ServiceProcess;
let quote: string;
let visitor: Visitor;

beforeAll(async () => {
  await platform.start();
  quote = await platform.addQuote('Mille sabords');
  shop = await platform.service('shop', {
    ...shopEnvironment(platform.quotes.url, platform.search.url),
    THROTTLE_LIMIT: String(LIMIT),
    // The window cannot pass during a test.
    THROTTLE_WINDOW_SECONDS: '600',
  });
});
afterAll(() => platform.stop());
beforeEach(async () => {
  for (const key of await platform.keys('throttle:*')) await platform.redis.del(key);
  visitor = new Visitor(shop);
});

/** Uses up the rest of the visitor's requests. */
const exhaust = async (left = LIMIT) => {
  for (let i = 0; i < left; i += 1) expect((await call(shop, 'GET /cart')).status).toBe(200);
};

function expectRefusalPage({ status, headers, body }: Answer): void {
  expect(status).toBe(429);
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('cache-control')).toBe('no-store');
  expect(body).toContain(`try again in ${headers.get('retry-after')} seconds`);
}

describe('the eleventh request of a visitor', () => {
  it.each([
    '/',
    '/cart',
    '/checkout',
    '/orders/lookup',
    '/legal/terms',
    `/your-order/${'x'.repeat(32)}`,
    '/orders',
  ])(
    'of %s is refused with a page for browsers, and with a problem document for programs',
    async (path) => {
      await exhaust();
      const page = await visitor.get(path);
      expectRefusalPage(page);
      expect(page.body).toContain('<a class="button primary" href="">Try again</a>');
      expectProblem(await call(shop, `GET ${path}`), 429, 'too-many-requests');
    },
  );

  it('changes nothing when it is a form, and does not offer to send that again', async () => {
    const token = await visitor.token(`/products/${quote}`);
    await exhaust(LIMIT - 1);
    const cart = new Map(visitor.cookies);
    const answer = await visitor.post('/cart', {
      _token: token,
      quote_id: quote,
      print: 'mug',
      quantity: '1',
    });
    expectRefusalPage(answer);
    expect(answer.body).not.toContain('Try again</a>');
    expect(visitor.cookies).toEqual(cart);
    expectRefusalPage(
      await visitor.post('/orders/lookup', {
        _token: token,
        id: 'PR-AAAAAAAAAA',
        email: 'a@b.example',
      }),
    );
  });
});

it('never limits nor counts probes, documents, style sheets and events', async () => {
  const { body } = await visitor.get('/');
  const files = [
    ...new Set(
      [...body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => String(path)),
    ),
  ];
  expect(files).toHaveLength(2);
  await new Visitor(platform.shop).order(quote);
  const [order] = await orders(platform.shop);
  await exhaust(LIMIT - 1);
  expectRefusalPage(await visitor.get('/'));

  for (const path of [
    '/healthz',
    '/readyz',
    '/version',
    '/metrics',
    '/openapi.json',
    '/docs',
    '/robots.txt',
    '/favicon.ico',
    ...files,
  ]) {
    for (let i = 0; i <= LIMIT; i += 1) {
      const answer = await call(shop, `GET ${path}`);
      expect([path, answer.status, answer.headers.get('ratelimit-limit')]).toEqual([
        path,
        200,
        null,
      ]);
    }
  }
  for (let i = 0; i <= LIMIT; i += 1)
    expect((await deliver(shop, eventOf(order))).status).toBe(200);
  expect(
    (await call(platform.shop, `GET /orders/${order.id}`, { key: ADMIN_KEY })).body.state,
  ).toBe('paid');
});

it('is not used up by pages that reload by themselves', async () => {
  const token = await visitor.order(quote);
  const { body, headers } = await visitor.get(`/your-order/${token}`);
  expect(body).toContain('Waiting for the payment');
  expect(body).not.toMatch(/http-equiv/i);
  expect(headers.get('refresh')).toBeNull();
});
