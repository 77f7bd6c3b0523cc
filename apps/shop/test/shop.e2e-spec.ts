import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '#libs/testing/eventually.ts';
import { call, expectProblem, metric, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import {
  deliver,
  eventOf,
  orderOf,
  orders,
  paymentEnvironment,
  ShopPlatform,
  shopEnvironment,
} from '#libs/testing/shop-platform.ts';
import { tokenIn, Visitor } from '#libs/testing/visitor.ts';

const platform = new ShopPlatform();
let sabords: string;
let visitor: Visitor;

beforeAll(async () => {
  await platform.start();
  sabords = await platform.addQuote('Mille sabords <b>&</b> "tonnerre"');
});
afterAll(() => platform.stop());
beforeEach(() => {
  visitor = new Visitor(platform.shop);
});

describe('the catalogue', () => {
  it('shows quotes as text, never as markup', async () => {
    const { status, body } = await visitor.get('/');

    expect(status).toBe(200);
    expect(body).toContain(
      '<q dir="auto">Mille sabords &lt;b&gt;&amp;&lt;/b&gt; &quot;tonnerre&quot;</q>',
    );
    expect(body).toContain(`href="/products/${sabords}"`);
    expect(body).toContain('Nothing is charged');
  });

  describe('with users', () => {
    let users: ServiceProcess;
    const user = { id: 'jolyon.wagg', name: 'Séraphin <i>Lampion</i>', password: secret('wagg') };
    const shown = '<span class="author">Séraphin &lt;i&gt;Lampion&lt;/i&gt;</span>';
    const add = async (json: object) =>
      succeeded(await call(platform.quotes, 'POST /quotes', { key: ADMIN_KEY, json })).body.id;
    beforeAll(async () => {
      users = await platform.service('users');
    });
    beforeEach(async () => {
      succeeded(await call(users, 'POST /users', { key: ADMIN_KEY, json: user }));
    });
    afterEach(() => call(users, `DELETE /users/${user.id}`, { key: ADMIN_KEY }));

    it('shows who said a quote, and where, and then not who signed it', async () => {
      const author = 'Archibald <b>Haddock</b>';
      const said = await add({
        quote: 'Ectoplasme',
        author,
        source: 'Coke en <i>stock',
        user_id: user.id,
      });

      for (const path of [`/products/${said}`, '/?after=9999999999999997']) {
        const { body } = await visitor.get(path);
        expect(body).toContain('<span class="author">Archibald &lt;b&gt;Haddock&lt;/b&gt;</span>');
        expect(body).toContain('<cite>Coke en &lt;i&gt;stock</cite>');
        expect(body).not.toMatch(/jolyon|lampion/i);
      }
    });

    it('shows the name of the user who signed where nobody knows who said it', async () => {
      const signed = await add({ quote: 'Moule à gaufres', user_id: user.id });
      const unsigned = await add({ quote: 'Bachi-bouzouk' });
      const namesRead = () =>
        metric(platform.shop, 'redis_command_duration_seconds_count{operation="user.names"}');
      const before = await namesRead();
      const catalogue = (await visitor.get('/?after=9999999999999996')).body;
      expect((await namesRead()) - before).toBe(1);
      expect(catalogue).toContain(shown);
      expect(catalogue).not.toContain(user.id);
      const product = (await visitor.get(`/products/${signed}`)).body;
      expect(product).toContain(shown);
      expect(product).not.toContain(user.id);
      const other = (await visitor.get(`/products/${unsigned}`)).body;
      expect(other).toContain('Bachi-bouzouk');
      expect(other).not.toContain('class="author"');
    });

    it('follows a change of the name, of the quote, and the removal of the user', async () => {
      const id = await add({ quote: 'Moule à gaufres', user_id: user.id });
      const product = async () => (await visitor.get(`/products/${id}`)).body;
      const change = async (service: ServiceProcess, path: string, json: object) =>
        succeeded(await call(service, `PATCH ${path}`, { key: ADMIN_KEY, json }));
      expect(await product()).toContain(shown);

      await change(users, `/users/${user.id}`, { name: 'Bazaroff' });
      expect(await product()).toContain('<span class="author">Bazaroff</span>');
      await change(platform.quotes, `/quotes/${id}`, { quote: 'Tête de mule', author: 'Haddock' });
      expect(await product()).toContain('<q dir="auto">Tête de mule</q>');
      expect(await product()).toContain('<span class="author">Haddock</span>');
      await change(platform.quotes, `/quotes/${id}`, { author: null });
      expect(await product()).toContain('<span class="author">Bazaroff</span>');
      succeeded(await call(users, `DELETE /users/${user.id}`, { key: ADMIN_KEY }));
      expect(await product()).not.toMatch(/class="author"|Bazaroff|jolyon/);
    });

    it('shows the name also of what it remembers, and never the id', async () => {
      const id = await add({ quote: 'Moule à gaufres', user_id: user.id });
      await visitor.get(`/products/${id}`);
      const nobody = 'http://127.0.0.1:9';
      const lonely = await platform.service('shop', shopEnvironment(nobody, nobody));
      const alone = new Visitor(lonely);
      await eventually(async () => {
        for (const path of ['/', `/products/${id}`]) {
          const { body } = await alone.get(path);
          expect(body).toContain(shown);
          expect(body).not.toContain(user.id);
        }
      });
    });

    it('is shown without the names while the Redis of the shop is away', async () => {
      const id = await add({ quote: 'Moule à gaufres', user_id: user.id });
      const { quotes, search } = platform;
      const lonely = await platform.launch('shop', {
        ...shopEnvironment(quotes.url, search.url),
        ...{ REDIS_CLUSTER: '', REDIS_HOST: '127.0.0.1', REDIS_PORT: '9' },
      });
      await eventually(async () => (await call(lonely, 'GET /healthz')).status === 200);
      for (const path of [`/products/${id}`, '/?after=9999999999999995']) {
        const { status, body } = await new Visitor(lonely).get(path);
        expect(status).toBe(200);
        expect(body).toContain('Moule à gaufres');
        expect(body).not.toMatch(/lampion|jolyon/i);
      }
    });
  });

  it('prints prose without the line ends of its file, and verse with its own', async () => {
    const prose = [
      'Nobody who has ever carried a ladder through a narrow street at noon can',
      'believe that the world was made for people who are in a hurry to arrive',
      'somewhere else.',
    ];
    const verse = [
      'Who lends his ladder to a man in haste',
      'Will find the ladder, and the man, misplaced.',
    ];
    const prints = [
      [await platform.addQuote(prose.join('\n')), prose.join(' ')],
      [await platform.addQuote(verse.join('\n')), verse.join('\n')],
    ] as const;
    for (const [id, text] of prints) {
      const face = `<q dir="auto">${text}</q>`;
      for (const path of [`/products/${id}`, '/?after=9999999999999994'])
        expect((await visitor.get(path)).body).toContain(face);
      await visitor.addToCart(id);
      expect((await visitor.get('/cart')).body).toContain(face);
    }
    const token = tokenIn(await visitor.checkOut());
    const { body } = await visitor.get(`/your-order/${token}`);
    for (const [, text] of prints) expect(body).toContain(`<q dir="auto">${text}</q>`);
  });

  it('leaves out what fits on no mug', async () => {
    const id = await platform.addQuote('x'.repeat(281));

    expect((await visitor.get('/?after=9999999999999999')).body).not.toContain(id);
    expect((await visitor.get(`/products/${id}`)).status).toBe(404);
  });

  it('is searched through the search service', async () => {
    const whale = await platform.addQuote('Une baleine à la dérive');
    // The search service finds the quote a moment later, and the shop would remember for a while
    // that it did not.
    await eventually(
      async () => (await call(platform.search, 'GET /search?keyword=baleine')).body.total > 0,
    );
    expect((await visitor.get('/?q=baleine')).body).toContain(whale);
    expect((await visitor.get('/?q=castafiore')).body).toContain('Nothing found');
    const misspelt = (await visitor.get('/?q=balaine+castafiore')).body;
    expect(misspelt).toContain(whale);
    expect(misspelt).toContain('Showing results for &ldquo;baleine castafiore&rdquo;');
    expect(misspelt).toContain('Without: castafiore');
    const words = Array.from({ length: 30 }, (_, i) => `w${i}`).join('+');
    expect((await visitor.get(`/?q=${words}`)).body).toContain('Nothing found');
  });

  it('leads from page to page to every quote', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 40; i += 1) ids.push(await platform.addQuote(`quote ${i}`));
    const seen = new Set<string>();
    let path: string | undefined = '/?after=9999999999999998';
    while (path !== undefined) {
      const { body } = await visitor.get(path);
      for (const [, id = ''] of body.matchAll(/href="\/products\/(\d+)"/g)) seen.add(id);
      path = /href="(\/\?after=\d+)"/.exec(body)?.[1];
    }
    expect(ids.filter((id) => !seen.has(id))).toEqual([]);
  });

  it('is light, compressed and kept by browsers', async () => {
    const page = await visitor.get('/');
    const [, style = ''] = /href="(\/assets\/[^"]+\.css)"/.exec(page.body) ?? [];
    const [, icon = ''] = /src="(\/assets\/[^"]+\.svg)"/.exec(page.body) ?? [];
    const weights = await Promise.all(
      ['/', style, icon].map(async (path) => {
        const answer = await fetch(platform.shop.url + path, {
          headers: { 'accept-encoding': 'identity' },
        });
        expect(answer.headers.get('cache-control')).toMatch(
          path === '/' ? /max-age=30/ : /immutable/,
        );
        return (await answer.arrayBuffer()).byteLength;
      }),
    );
    expect(weights.reduce((sum, weight) => sum + weight)).toBeLessThan(60_000);
    expect(page.headers.get('content-encoding')).toBe('gzip');
    const again = await call(platform.shop, 'GET /', {
      headers: { 'if-none-match': page.headers.get('etag') ?? '' },
    });
    expect(again).toMatchObject({ status: 304, body: '' });
  });

  it('asks for nothing from elsewhere, and lets nothing run', async () => {
    const page = await visitor.get(`/products/${sabords}`);

    expect(page.body).not.toMatch(/<script|<iframe|javascript:| on[a-z]+=/i);
    expect(page.body).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//);
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'self' https://checkout.stripe.com");
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('content-encoding')).toBe('gzip');
    const plain = await call(platform.shop, `GET /products/${sabords}`, {
      headers: { 'accept-encoding': 'br, gzip;q=0' },
    });
    expect(plain.headers.get('content-encoding')).toBeNull();
  });
});

describe('the shop without the quotes service', () => {
  it('shows and sells what it knows, and says so', async () => {
    const known = await platform.addQuote('Tonnerre de Brest');
    const quotes = await platform.service('quotes');
    const shop = await platform.service('shop', shopEnvironment(quotes.url, platform.search.url));
    const late = new Visitor(shop);
    await late.get('/');
    await quotes.end('SIGKILL');

    const { status, body } = await late.get('/?after=1');
    expect(status).toBe(200);
    expect(body).toContain('New quotes cannot be fetched just now');
    expect(body).toContain(`href="/products/${known}"`);
    expect((await late.addToCart(known)).status).toBe(303);
    expect((await late.checkOut()).headers.get('location')).toMatch(/^\/demo-checkout\//);
    expect((await late.get('/products/1')).status).toBe(503);
  });
});

describe.each([
  ['another object', 'application/json', '{"status":"ok"}'],
  ['a quote without a text', 'application/json', '{"id":"1","items":[{"id":"1"}],"total":1}'],
  ['half of its JSON', 'application/json', '{"items":[{"id":"1","quo'],
  ['a page with status 200', 'text/html', '<!doctype html><title>Sign in</title>'],
  ['nothing', 'application/json', ''],
])('the shop whose quotes and search answer with %s', (_name, type, body) => {
  let upstream: Server;
  let late: Visitor;

  beforeAll(async () => {
    upstream = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(body);
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    // The shop remembers what it has shown.
    await new Visitor(platform.shop).get(`/products/${sabords}`);
    late = new Visitor(await platform.service('shop', shopEnvironment(url, url)));
  });
  afterAll(() => {
    upstream.closeAllConnections();
    upstream.close();
  });

  it.each(['/', '/?q=sabords'])('shows at %s what it knows', async (path) => {
    const { status, body: page } = await late.get(path);
    expect(status).toBe(200);
    expect(page).toContain('New quotes cannot be fetched just now');
    expect(page).toContain(`href="/products/${sabords}"`);
  });

  it('sells what it knows', async () => {
    expect((await late.get(`/products/${sabords}`)).status).toBe(200);
    expect((await late.get('/products/1')).status).toBe(503);
    expect((await late.addToCart(sabords)).status).toBe(303);
    await late.addToCart(sabords, 'card');
    expect((await late.get('/cart')).body).toContain('€17.50');
    expect((await late.checkOut()).headers.get('location')).toMatch(/^\/demo-checkout\//);
  });
});

describe('the cart', () => {
  it('holds what was put in, at the prices of the shop', async () => {
    expect((await visitor.addToCart(sabords, 'poster', 2)).headers.get('location')).toBe('/cart');
    await visitor.addToCart(sabords, 'card');

    const { body } = await visitor.get('/cart');
    expect(body).toContain('€48.00');
    expect(body).toContain('€51.50');
  });

  it('changes and empties', async () => {
    await visitor.addToCart(sabords, 'mug', 2);
    await visitor.submit('/cart', '/cart/lines', {
      quote_id: sabords,
      print: 'mug',
      quantity: '3',
    });
    expect((await visitor.get('/cart')).body).toContain('€42.00');
    await visitor.submit('/cart', '/cart/lines', {
      quote_id: sabords,
      print: 'mug',
      quantity: '3',
      remove: 'yes',
    });
    expect((await visitor.get('/cart')).body).toContain('It is empty');
    expect((await visitor.get('/checkout')).headers.get('location')).toBe('/cart');
  });

  it('loses a print whose quote was deleted, and says so, before it is paid for', async () => {
    const id = await platform.addQuote('Éphémère');
    await visitor.addToCart(id);
    await call(platform.quotes, `DELETE /quotes/${id}`, { key: ADMIN_KEY });

    expect((await visitor.get('/checkout')).headers.get('location')).toBe('/cart');
    expect((await visitor.get('/cart')).body).toContain('One print is sold no more');
    expect((await visitor.get('/cart')).body).not.toContain('sold no more');
  });

  it.each([
    ['a price', { price: '1' }],
    ['no such print', { print: 'shirt' }],
    ['nothing', { quantity: '0' }],
    ['a negative number', { quantity: '-1' }],
    ['too many', { quantity: '21' }],
    ['no quote id', { quote_id: '../1' }],
  ])('refuses %s', async (_name, field) => {
    const fields = { quote_id: sabords, print: 'mug', quantity: '1', ...field };
    expect((await visitor.submit(`/products/${sabords}`, '/cart', fields)).status).toBe(400);
    expect((await visitor.get('/cart')).body).toContain('It is empty');
  });

  it('is not believed when it was not signed by the shop', async () => {
    await visitor.addToCart(sabords);
    const forged = (visitor.cookies.get('cart') ?? '').replace('-mug-1', '-mug-9');
    expect(forged).toContain('-mug-9');
    visitor.cookies.set('cart', forged);
    expect((await visitor.get('/cart')).body).toContain('It is empty');
  });

  it('travels in cookies that scripts and other sites cannot use', async () => {
    const answer = await visitor.addToCart(sabords);
    expect(answer.headers.getSetCookie()[0]).toMatch(/^cart=.*; HttpOnly; SameSite=Lax/);
    expect(answer.headers.getSetCookie()[0]).not.toContain('Secure');
    const safe = await platform.service('shop', {
      ...shopEnvironment(platform.quotes.url, platform.search.url),
      SHOP_URL: 'https://shop.example',
    });
    expect((await new Visitor(safe).get('/checkout/cancelled')).status).toBe(200);
    const buyer = new Visitor(safe);
    for (const { headers } of [
      await buyer.get(`/products/${sabords}`),
      await buyer.addToCart(sabords),
    ]) {
      expect(headers.getSetCookie()[0]).toMatch(
        /^__Host-\w+=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
    }
    expect((await buyer.get('/cart')).body).toContain('€14.00');
  });
});

describe('who said a quote, and where', () => {
  it('stands beside it from the cart to the order, without the user who signed it', async () => {
    const users = await platform.service('users');
    const user = { id: 'bianca.c', name: 'Bianca', password: secret('bianca') };
    expect((await call(users, 'POST /users', { key: ADMIN_KEY, json: user })).status).toBe(201);
    const said = { author: 'Bianca <b>Castafiore</b>', source: 'Les Bijoux' };
    const id = await platform.addQuote('Ciel, mes bijoux !', { ...said, user_id: user.id });
    await visitor.addToCart(id);
    await visitor.addToCart(
      await platform.addQuote('Wouah', { source: 'Tintin au Tibet' }),
      'card',
    );
    const pages = [await visitor.get('/cart'), await visitor.get('/checkout')];
    const token = tokenIn(await visitor.checkOut());
    pages.push(await visitor.get(`/demo-checkout/${token}`));
    pages.push(await visitor.get(`/your-order/${token}`));
    const [order] = await orders(platform.shop);
    const key = `Basic ${Buffer.from(`admin:${ADMIN_KEY}`).toString('base64')}`;
    const headers = { accept: 'text/html' };
    pages.push(await call(platform.shop, `GET /orders/${order.id}`, { key, headers }));

    for (const { body } of pages) {
      expect(body).toContain('Bianca &lt;b&gt;Castafiore&lt;/b&gt;, Les Bijoux</span>');
      expect(body).toContain('<span class="by">Tintin au Tibet</span>');
      expect(body).not.toContain(user.id);
    }
    expect((await orderOf(platform.shop, order.id)).lines).toMatchObject([
      said,
      { author: null, source: 'Tintin au Tibet' },
    ]);
    expect(JSON.stringify(order)).not.toContain(user.id);
  });
});

describe('what every site is asked for', () => {
  it('is an icon, which browsers keep', async () => {
    const icon = await call(platform.shop, 'GET /favicon.ico');
    expect(icon.status).toBe(200);
    expect(icon.headers.get('content-type')).toBe('image/svg+xml');
    expect(icon.headers.get('cache-control')).toBe('public, max-age=86400');
  });

  it('is what robots may read: nothing of a demo, and no carts and orders of a shop', async () => {
    const demo = await call(platform.shop, 'GET /robots.txt');
    expect(demo.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(demo.headers.get('cache-control')).toBe('public, max-age=86400');
    expect(demo.body).toBe('User-agent: *\nDisallow: /\n');
    const real = await platform.service('shop', {
      ...shopEnvironment(platform.quotes.url, platform.search.url),
      ...paymentEnvironment(),
    });
    const { body } = await call(real, 'GET /robots.txt');
    const barred = [...body.matchAll(/^Disallow: (\S+)$/gm)].map(([, path]) => path);
    expect(barred).toEqual(['/cart', '/checkout', '/orders', '/your-order']);
  });
});

describe('forms', () => {
  const fields = () => ({ quote_id: sabords, print: 'mug', quantity: '1' });

  it.each([
    '/cart',
    '/cart/lines',
    '/checkout',
    '/orders/lookup',
    `/demo-checkout/${'x'.repeat(32)}`,
  ])('%s needs a token of this visit', async (action) => {
    const token = await new Visitor(platform.shop).token(`/products/${sabords}`);
    expect(token).not.toBe('');
    await visitor.get(`/products/${sabords}`);

    for (const form of [fields(), { ...fields(), _token: '' }, { ...fields(), _token: token }]) {
      expect((await visitor.post(action, form)).status).toBe(403);
    }
    expect((await visitor.get('/cart')).body).toContain('It is empty');
  });

  it('are refused without cookies, with repeated fields, and as JSON', async () => {
    const token = await visitor.token(`/products/${sabords}`);
    expect(
      (await new Visitor(platform.shop).post('/cart', { ...fields(), _token: token })).status,
    ).toBe(403);
    const twice: [string, string][] = [
      ...Object.entries({ ...fields(), _token: token }),
      ['quantity', '2'],
    ];
    expect((await visitor.post('/cart', twice)).status).toBe(400);
    expectProblem(await call(platform.shop, 'POST /cart', { json: fields() }), 403, 'stale-form');
  });
});

describe('checking out', () => {
  it('makes one order of two clicks, and another of another cart', async () => {
    await visitor.addToCart(sabords);
    const before = (await orders(platform.shop)).length;
    const [first, second] = await Promise.all([visitor.checkOut(), visitor.checkOut()]);
    expect(tokenIn(first)).toHaveLength(32);
    expect(tokenIn(second)).toBe(tokenIn(first));
    expect(await orders(platform.shop)).toHaveLength(before + 1);

    await visitor.addToCart(sabords, 'card');
    expect(tokenIn(await visitor.checkOut())).not.toBe(tokenIn(first));
    expect(await orders(platform.shop)).toHaveLength(before + 2);
  });

  it.each(['', 'nobody', 'a@b', `${'x'.repeat(250)}@y.example`, 'a@b.c\r\nBcc: d@e.f'])(
    'asks again for an address that cannot be: "%s"',
    async (email) => {
      await visitor.addToCart(sabords);
      const answer = await visitor.checkOut(email);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain('does not look like an e-mail address');
    },
  );

  it('keeps the cart when the payment is cancelled', async () => {
    await visitor.order(sabords);
    expect((await visitor.get('/checkout/cancelled')).status).toBe(200);
    expect((await visitor.get('/cart')).body).toContain('€14.00');
  });
});

describe('paying on the demo page', () => {
  const pay = (token: string, outcome: string) =>
    visitor.submit(`/demo-checkout/${token}`, `/demo-checkout/${token}`, { outcome });

  it('pays the order and empties the cart', async () => {
    const token = await visitor.order(sabords);
    const answer = await pay(token, 'paid');
    expect(answer.headers.get('location')).toBe(`/your-order/${token}`);

    expect((await visitor.get(`/your-order/${token}`)).body).toContain('Your payment has arrived');
    expect((await visitor.get('/cart')).body).toContain('It is empty');
    expect((await visitor.get(`/demo-checkout/${token}`)).headers.get('location')).toBe(
      `/your-order/${token}`,
    );
  });

  it('lets a declined card be tried again', async () => {
    const token = await visitor.order(sabords);
    expect((await pay(token, 'declined')).headers.get('location')).toBe(`/demo-checkout/${token}`);
    expect((await visitor.get(`/demo-checkout/${token}`)).body).toContain('The card was declined');
    await pay(token, 'paid');
    const { body } = await visitor.get(`/your-order/${token}`);
    expect(body).toContain('Your payment has arrived');
    expect(body.match(/<li><time/g)).toHaveLength(3);
  });

  it('changes nothing when abandoned, and goes on later', async () => {
    const token = await visitor.order(sabords);
    expect((await pay(token, 'abandoned')).headers.get('location')).toBe('/checkout/cancelled');
    expect((await visitor.get(`/your-order/${token}`)).body).toContain('Waiting for the payment');
    expect(tokenIn(await visitor.checkOut())).toBe(token);
  });

  it('makes a new order of the same cart once a session has expired', async () => {
    const token = await visitor.order(sabords);
    await pay(token, 'expired');
    expect((await visitor.get(`/your-order/${token}`)).body).toContain(
      'The time to pay has run out',
    );
    expect(tokenIn(await visitor.checkOut())).not.toBe(token);
  });

  it.each(['/your-order/', '/demo-checkout/'])('keeps %s from strangers', async (path) => {
    const token = await visitor.order(sabords);
    for (const guess of [
      'x',
      '',
      token.slice(0, -1),
      `${token}x`,
      '..%2f..',
      token.split('').reverse().join(''),
    ]) {
      expect((await visitor.get(path + guess)).status).toBe(404);
    }
    expect((await visitor.get(path + token)).status).toBe(200);
  });
});

describe('looking an order up', () => {
  it('needs number and address together', async () => {
    const token = await visitor.order(sabords);
    const [, id = ''] =
      /Order (PR-\w+)/.exec((await visitor.get(`/your-order/${token}`)).body) ?? [];
    const find = (number: string, email: string) =>
      visitor.submit('/orders/lookup', '/orders/lookup', { id: number, email });

    expect(
      (await find(id.toLowerCase(), 'TinTin@moulinsart.example')).headers.get('location'),
    ).toBe(`/your-order/${token}`);
    for (const [number, email] of [
      [id, 'haddock@moulinsart.example'],
      ['PR-AAAAAAAAAA', 'tintin@moulinsart.example'],
      [id, ''],
    ] as const) {
      const answer = await find(number, email);
      expect(answer.status).toBe(404);
      expect(answer.body).toContain('There is no order of that number');
    }
  });
});

describe('GET /orders', () => {
  it('shows orders and their history to the admin, never the link of the buyer', async () => {
    const token = await visitor.order(sabords);
    const [newest] = await orders(platform.shop);
    expect(newest).toMatchObject({
      state: 'created',
      total: 1400,
      currency: 'eur',
      email: 'tintin@moulinsart.example',
    });
    await deliver(platform.shop, eventOf(newest));

    const order = await orderOf(platform.shop, newest.id);
    expect(order).toMatchObject({
      ...newest,
      state: 'paid',
      history: [{ state: 'created' }, { state: 'paid' }],
    });
    expect(JSON.stringify(order)).not.toContain(token);
  });

  it('is a plain page for browsers, which ask for the key as a password', async () => {
    const [newest] = await orders(platform.shop);
    const key = `Basic ${Buffer.from(`admin:${ADMIN_KEY}`).toString('base64')}`;
    const headers = { accept: 'text/html' };
    expect((await call(platform.shop, 'GET /orders', { key, headers })).body).toContain(
      `href="/orders/${newest.id}"`,
    );
    expect(
      (await call(platform.shop, `GET /orders/${newest.id}`, { key, headers })).body,
    ).toContain('History');
    await visitor.order(sabords);
    const [, older = ''] =
      /href="([^"]+)">Older/.exec(
        (await call(platform.shop, 'GET /orders?limit=1', { key, headers })).body,
      ) ?? [];
    const page = (
      await call(platform.shop, `GET ${older.replaceAll('&amp;', '&')}`, { key, headers })
    ).body;
    expect(page).toContain(`href="/orders/${newest.id}"`);
    expect(page.match(/href="\/orders\/PR-/g)).toHaveLength(1);
  });

  it.each(['/orders', '/orders/PR-AAAAAAAAAA'])('%s is for the admin only', async (path) => {
    for (const key of [
      undefined,
      secret('other'),
      `Basic ${Buffer.from(`admin:${secret('other')}`).toString('base64')}`,
      // Credentials without a colon are none (RFC 7617).
      `Basic ${Buffer.from(ADMIN_KEY).toString('base64')}`,
    ]) {
      expectProblem(
        await call(platform.shop, `GET ${path}`, key === undefined ? {} : { key }),
        401,
        'unauthorized',
      );
    }
  });

  it('goes from page to page', async () => {
    await visitor.order(sabords);
    const all = (await orders(platform.shop)).map(({ id }: { id: string }) => id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await call(
        platform.shop,
        `GET /orders?limit=3${cursor && `&cursor=${cursor}`}`,
        {
          key: ADMIN_KEY,
        },
      );
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.next ?? '';
    } while (cursor !== '');
    expect(all.length).toBeGreaterThan(3);
    expect(seen).toEqual(all);
  });
});

describe('problems', () => {
  it('are pages for browsers and documents for programs', async () => {
    const page = await visitor.get('/nowhere');
    expect(page.status).toBe(404);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.body).toContain('<h1>Not found</h1>');
    expectProblem(await call(platform.shop, 'GET /nowhere'), 404, 'not-found');
  });

  it('keep the API test away unless DEBUG is on', async () => {
    expect((await visitor.get('/stripe-test')).status).toBe(404);
    const debug = await platform.service('shop', {
      ...shopEnvironment(platform.quotes.url, platform.search.url),
      DEBUG: 'True',
    });
    const tester = new Visitor(debug);
    const bought = await tester.submit('/stripe-test', '/stripe-test', {});
    const { body } = await tester.get(bought.headers.get('location') ?? '');
    expect(body).toContain('Checkout session opened');
    expect(body).toContain('Go to the payment page');
  });
});
