import { createHash, hkdfSync } from 'node:crypto';
import { unsign } from '@fastify/cookie';
import { type Answer, basic, call, expectProblem, sendRaw } from '#libs/testing/http-client.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import {
  COOKIE_SECRET,
  orders,
  ShopPlatform,
  shopEnvironment,
} from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';
import { ORDER_KEYS } from '../src/orders/order.keys.ts';

const platform = new ShopPlatform();
/** Logs all that it can, while visitors must see the same. */
let debug: ServiceProcess;
let quote: string;
let visitor: Visitor;
let token: string;
let count: number;

beforeAll(async () => {
  await platform.start();
  quote = await platform.addQuote('Mille sabords');
  debug = await platform.service('shop', {
    ...shopEnvironment(platform.quotes.url, platform.search.url),
    DEBUG: 'True',
  });
});
afterAll(() => platform.stop());
beforeEach(async () => {
  visitor = new Visitor(debug);
  await visitor.addToCart(quote, 'poster', 2);
  token = await visitor.token('/cart');
  count = (await orders(debug)).length;
});
/** Asserts that nothing was lost and nothing was ordered. */
afterEach(async () => {
  expect((await visitor.get('/cart')).body).toContain('€48.00');
  expect(await orders(debug)).toHaveLength(count);
});

const line = () => ({ _token: token, quote_id: quote, print: 'mug', quantity: '1' });
const query = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

/** Asserts that an answer is a page that says what is wrong, without internal details. */
function expectPage({ status, headers, body }: Answer, expected: number): void {
  expect(status).toBe(expected);
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(body).toMatch(/<h1>(Something went wrong|Not found)<\/h1>\s*<p>.{10,}<\/p>/);
  expect(body).not.toMatch(/\.[jt]s:\d|\bat [\w.]+ \(|node_modules|undefined|\[object|Error:/);
  for (const hidden of [ADMIN_KEY, secret('webhook')]) expect(body).not.toContain(hidden);
}

/** Sends a body as a form of the visitor. */
function send(
  action: string,
  body: string | Buffer,
  type = 'application/x-www-form-urlencoded',
): Promise<Answer> {
  const content = Buffer.from(body);
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const head = [
    `POST ${action} HTTP/1.1`,
    'Host: shop',
    'Connection: close',
    'Accept: text/html',
    `Cookie: ${cookie}`,
    `Content-Type: ${type}`,
    `Content-Length: ${content.length}\r\n\r\n`,
  ].join('\r\n');
  return sendRaw(debug, Buffer.concat([Buffer.from(head), content]));
}

describe('a form', () => {
  it.each([
    ['a quantity in words', { quantity: 'two' }],
    ['a quantity with a fraction', { quantity: '1.5' }],
    ['a quantity in hexadecimal', { quantity: '0x1' }],
    ['a quantity in other digits', { quantity: '١' }],
    ['a quantity beyond all', { quantity: '9'.repeat(400) }],
    ['a quantity below nothing', { quantity: '-1' }],
    ['an empty quantity', { quantity: '' }],
    ['a print that every object has', { print: 'constructor' }],
    ['a print that objects come from', { print: '__proto__' }],
    ['the id of nothing', { quote_id: '0' }],
    ['an id beyond all numbers', { quote_id: '9'.repeat(30) }],
    ['an id that leads elsewhere', { quote_id: '1/../../metrics' }],
    ['a price of its own', { price: '1' }],
    ['a total of its own', { total: '1' }],
    ['an array', { 'print[]': 'mug' }],
    ['an object', { 'print[name]': 'mug' }],
    ['a dotted key', { 'lines.0': 'x' }],
  ])('with %s is refused', async (_name, fields) => {
    expectPage(
      await send('/cart', query({ ...line(), ...(fields as Record<string, string>) })),
      400,
    );
  });

  it.each(['__proto__', 'constructor'])(
    'with a field %s is taken as if without it',
    async (field) => {
      expect((await send('/cart', `${query(line())}&${field}=x&${field}[quantity]=9`)).status).toBe(
        400,
      );
      expect((await send('/cart', `${query(line())}&${field}=9`)).status).toBe(303);
      expect((await visitor.get(`/?${field}=9`)).status).toBe(200);
    },
  );

  it.each(['_token', 'quote_id', 'print', 'quantity'])('with two %s is refused', async (field) => {
    const body = `${query(line())}&${field}=${field === '_token' ? token : '1'}`;
    expectPage(await send('/cart', body), field === '_token' ? 403 : 400);
  });

  it.each(['quote_id', 'print', 'quantity'])('without %s is refused', async (field) => {
    const fields: Record<string, string> = line();
    delete fields[field];
    expectPage(await send('/cart', query(fields)), 400);
  });

  it.each([
    ['JSON', 'application/json', () => JSON.stringify(line()), 403],
    ['a file', 'multipart/form-data; boundary=x', () => '--x\r\n\r\n--x--', 415],
    ['plain text', 'text/plain', () => query(line()), 415],
    ['no type', '', () => query(line()), 415],
    ['nothing', 'application/x-www-form-urlencoded', () => '', 403],
    [
      'too much',
      'application/x-www-form-urlencoded',
      () => `${query(line())}&x=${'x'.repeat(70_000)}`,
      413,
    ],
    [
      'ten thousand fields',
      'application/x-www-form-urlencoded',
      () => `${query(line())}${'&a=1'.repeat(10_000)}`,
      400,
    ],
  ])('that is %s is refused', async (_name, type, body, status) => {
    expectPage(await send('/cart', body(), type), status);
  });

  it.each([
    ['a percent sign alone', '%'],
    ['a broken escape', '%zz'],
    ['half a character', '%C3'],
    ['a byte that is no UTF-8', '%FF'],
    ['a null character', '%00'],
    ['half a surrogate pair', '%ED%A0%80'],
  ])('with %s in its fields is refused', async (_name, text) => {
    expectPage(await send('/cart', `${query(line())}${text}`), 400);
    const checkout = await send(
      '/checkout',
      `_token=${encodeURIComponent(token)}&email=a${text}@b.example`,
    );
    expect(checkout.status).toBe(400);
    expect(checkout.body).toContain('does not look like an e-mail address');
    const lookup = await send(
      '/orders/lookup',
      `_token=${encodeURIComponent(token)}&id=PR-${text}&email=a@b.example`,
    );
    expect([400, 404]).toContain(lookup.status);
  });

  it('with raw bytes that are no UTF-8 is refused', async () => {
    expectPage(
      await send('/cart', Buffer.concat([Buffer.from(query(line())), Buffer.from([0xff, 0xfe])])),
      400,
    );
  });

  it('that would overfill the cart says so', async () => {
    const answer = await send('/cart', query({ ...line(), print: 'poster', quantity: '19' }));
    expectPage(answer, 400);
    expect(answer.body).toContain('yours is as it was');
  });

  it('shows what a visitor typed as text', async () => {
    const email = '"><script>alert(1)</script>';
    const { body } = await visitor.submit('/checkout', '/checkout', { email });
    expect(body).toContain('value="&quot;&gt;&lt;script&gt;');
    expect((await visitor.get(`/?q=${encodeURIComponent(email)}`)).body).not.toContain('<script');
    expect((await visitor.get('/?%3Cscript%3E=1')).body).not.toContain('<script');
  });
});

describe('an address', () => {
  it.each([
    ['/?after=-1', 400],
    ['/?after=1e3', 400],
    [`/?q=${'x'.repeat(201)}`, 400],
    ['/products/0', 400],
    ['/products/..%2fmetrics', 400],
    [`/products/${'9'.repeat(16)}`, 404],
    ['/products/%', 400],
    ['/assets/0000000000/style.css', 404],
    ['/assets/..%2f..%2f/package.json', 404],
    ['/legal/constructor', 404],
    ['/legal/__proto__', 404],
    ['/your-order/%00', 404],
    ['//evil.example/%2e%2e', 404],
    [`/${'x'.repeat(5000)}`, 404],
    ['/stripe-test?order=x', 404],
    ['/stripe-test?order=x&order=y', 404],
    ['/demo-checkout/__proto__', 404],
    ['/cart/lines', 405],
  ])('%.60s is answered with a clear page', async (path, status) => {
    const answer = await visitor.get(path);
    expectPage(answer, status);
    expect(answer.headers.get('location')).toBeNull();
  });

  it.each([['next'], ['url'], ['return_to'], ['redirect'], ['success_url']])(
    'cannot lead a buyer elsewhere by %s',
    async (name) => {
      const body = `${query(line())}&${name}=${encodeURIComponent('https://evil.example')}`;
      expectPage(await send('/cart', body), 400);
      const host = await call(debug, 'GET /checkout', {
        headers: { 'x-forwarded-host': 'evil.example' },
      });
      expect(host.headers.get('location')).toBe('/cart');
    },
  );
});

describe('a cookie', () => {
  const cartWith = async (cookie: string) =>
    (await call(debug, 'GET /cart', { headers: { accept: 'text/html', cookie } })).body;
  const cart = () => visitor.cookies.get('cart') ?? '';

  it('of this shop is believed', async () => {
    expect(await cartWith(`cart=${cart()}`)).toContain('€48.00');
  });

  it.each([
    ['forged', () => `cart=${cart().replace('-poster-2', '-poster-1')}`],
    ['unsigned', () => `cart=${cart().split('.').slice(0, -1).join('.')}`],
    ['cut short', () => `cart=${cart().slice(0, -3)}`],
    ['signed with nothing', () => 'cart=AAAAAAAAAAAAAAAA.1-mug-1.'],
    ['that is another one, signed', () => `cart=${visitor.cookies.get('visit')}`],
    ['of no sense', () => 'cart=%FF%00; visit=%'],
    ['of a prototype', () => '__proto__=x; constructor=y; cart='],
    ['of 10 kB', () => `cart=${'x'.repeat(10_000)}`],
  ])('%s is as none', async (_name, cookie) => {
    expect(await cartWith(cookie())).toContain('It is empty');
  });

  it('of a shop with another secret is as none, and so is its token', async () => {
    const foreign = await platform.service('shop', {
      ...shopEnvironment(platform.quotes.url, platform.search.url),
      COOKIE_SECRET: secret('cookies-of-another-shop-of-tests'),
    });
    const guest = new Visitor(foreign);
    await guest.addToCart(quote);
    const its = await guest.token('/cart');
    const cookie = [...guest.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    expect(await cartWith(cookie)).toContain('It is empty');
    const form = query({ ...line(), _token: its });
    const headers = { accept: 'text/html', cookie };
    expectPage(await call(debug, 'POST /cart', { form, headers }), 403);
  });
});

it('a wordlist finds no admin key by a cookie, though the key is in it', async () => {
  const weak = secret('weak');
  const shop = await platform.service('shop', {
    ...shopEnvironment(platform.quotes.url, platform.search.url),
    ADMIN_KEY: weak,
  });
  const guest = new Visitor(shop);
  await guest.addToCart(quote);
  const cookie = decodeURIComponent(guest.cookies.get('cart') ?? '');
  /** The words that sign the cookie as the shop has, in any way in which keys are made of them. */
  const found = (words: string[]) =>
    words.filter((word) =>
      [
        word,
        createHash('sha256').update(word).digest(),
        // An earlier version signed cookies with this key.
        Buffer.from(hkdfSync('sha256', word, '', 'shop cookies', 32)),
      ].some((key) => unsign(cookie, key).valid),
    );

  expect(found(['letmein', 'supersecretkey', weak])).toEqual([]);
  // The search finds a key that is used.
  expect(found(['letmein', COOKIE_SECRET])).toEqual([COOKIE_SECRET]);
});

describe('a token', () => {
  it.each([
    ['none', () => undefined],
    ['an empty one', () => ''],
    ['half of one', () => token.slice(0, 12)],
    ['one with a letter changed', () => token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')],
    ['one of another visitor', () => new Visitor(debug).token('/orders/lookup')],
    ['one of a prototype', () => '__proto__'],
  ])('%s is refused on every form', async (_name, given) => {
    const value = await given();
    for (const action of [
      '/cart',
      '/cart/lines',
      '/checkout',
      '/orders/lookup',
      '/stripe-test',
      `/demo-checkout/${'x'.repeat(32)}`,
    ]) {
      const { _token: _, ...fields } = line();
      const body = query({
        ...fields,
        email: 'a@b.example',
        ...(value !== undefined && { _token: value }),
      });
      expectPage(await send(action, body), 403);
    }
  });
});

describe('what the shop answers to DEBUG=True', () => {
  it('is a problem without a stack for programs too', async () => {
    const answer = await call(debug, 'POST /webhooks/stripe', {
      raw: '{',
      headers: { 'content-type': 'application/json' },
    });
    expectProblem(answer, 400, 'unsigned-event');
    expect(JSON.stringify(answer.body)).not.toMatch(/\.[jt]s:\d|stack|node_modules/);
  });

  it('is a page without a stack when the shop itself fails', async () => {
    // No visitor can bring this about: an order that differs from what the shop has stored.
    const id = 'PR-AAAAAAAAAA';
    await platform.redis.hset(ORDER_KEYS.order + id, { order: 'not JSON', state: 'paid' });
    const key = basic('admin', ADMIN_KEY);
    const page = await call(debug, `GET /orders/${id}`, { key, headers: { accept: 'text/html' } });
    expectPage(page, 500);
    expect(page.body).not.toContain('JSON');
    const answer = await call(debug, `GET /orders/${id}`, { key });
    expectProblem(answer, 500, 'internal');
    expect(JSON.stringify(answer.body)).not.toContain('JSON');
  });
});
