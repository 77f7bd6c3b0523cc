import { globSync, readFileSync } from 'node:fs';
import { basic, call, expectProblem } from '#libs/testing/http-client.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { orders, ShopPlatform, shopEnvironment } from '#libs/testing/shop-platform.ts';
import { tokenIn, Visitor } from '#libs/testing/visitor.ts';

/** What sites and mails append to links, one of them twice. */
const APPENDED = 'utm_source=x&fbclid=y&utm_source=z&__proto__=a&page[]=2';

const platform = new ShopPlatform();
let debug: ServiceProcess;
let visitor: Visitor;
/** An address of every route that has parameters. */
let examples: Record<string, string>;

beforeAll(async () => {
  await platform.start();
  debug = await platform.service('shop', {
    ...shopEnvironment(platform.quotes.url, platform.search.url),
    DEBUG: 'True',
  });
  const quote = await platform.addQuote('Mille sabords');
  visitor = new Visitor(debug);
  await visitor.addToCart(quote);
  const token = tokenIn(await visitor.checkOut());
  const [order] = await orders(debug);
  const [, style = ''] = /href="(\/assets\/[^"]+)"/.exec((await visitor.get('/')).body) ?? [];
  examples = {
    '/products/:id': `/products/${quote}`,
    '/orders/:id': `/orders/${order.id}`,
    '/your-order/:token': `/your-order/${token}`,
    '/demo-checkout/:token': `/demo-checkout/${token}`,
    '/legal/:name': '/legal/terms',
    '/assets/:digest/:file': style,
  };
});
afterAll(() => platform.stop());

/** The addresses that the shop answers to GET, as its controllers declare them. */
function routes(): string[] {
  return globSync('apps/shop/src/**/*.controller.ts').flatMap((file) => {
    const source = readFileSync(file, 'utf8');
    const [, controller = ''] = /@Controller\((?:'([^']*)')?\)/.exec(source) ?? [];
    return [...source.matchAll(/@Get\((?:'([^']*)')?\)/g)].map(
      ([, path = '']) => `/${[controller, path].filter((part) => part !== '').join('/')}`,
    );
  });
}

/** A page without what differs each time it is asked for. */
const settled = (body: string) => body.replaceAll(/name="_token" value="[^"]+"/g, '');

it('has all its pages among its routes', () => {
  expect(routes()).toEqual(
    expect.arrayContaining(['/', '/cart', '/checkout', '/orders', '/products/:id', '/stripe-test']),
  );
});

describe.each(routes())('%s', (route) => {
  it.each([
    ['a browser', 'text/html'],
    ['a preview of a link', '*/*'],
  ])('is the same for %s whatever was appended to its address', async (_who, accept) => {
    const address = route.includes(':') ? examples[route] : route;
    // A new route with parameters wants an example above.
    expect([route, address]).toEqual([route, expect.any(String)]);
    const isForPrograms = route === '/orders' && accept === '*/*';
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const get = (path: string) =>
      call(debug, `GET ${path}`, {
        key: basic('admin', ADMIN_KEY),
        headers: { accept, cookie },
      });
    const plain = await get(address ?? '');
    expect(plain.status).toBe(200);
    const answer = await get(`${address}?${APPENDED}`);
    if (isForPrograms) return expectProblem(answer, 400, 'invalid-request');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(plain.headers.get('content-type'));
    if (typeof plain.body === 'string') expect(settled(answer.body)).toBe(settled(plain.body));
  });
});

it.each([
  ['/?q=sabord&q=tonnerre', '/?q=sabord'],
  ['/?q=&q=tonnerre&after=1&utm_source=x', '/?q=&after=1'],
  ['/orders?limit=1&limit=no', '/orders?limit=1'],
  ['/stripe-test?order=x&order=y', '/stripe-test?order=x'],
])('%s is taken as %s', async (address, taken) => {
  const key = basic('admin', ADMIN_KEY);
  const headers = { accept: 'text/html' };
  const [answer, plain] = await Promise.all(
    [address, taken].map((path) => call(debug, `GET ${path}`, { key, headers })),
  );
  expect(answer?.status).toBe(plain?.status);
  const reference = /Reference [\w-]+/;
  expect(settled(answer?.body).replace(reference, '')).toBe(
    settled(plain?.body).replace(reference, ''),
  );
});

it.each(['/orders?page=2', '/orders?limit=1&limit=2'])(
  '%s is refused to programs',
  async (path) => {
    expectProblem(await call(debug, `GET ${path}`, { key: ADMIN_KEY }), 400, 'invalid-request');
  },
);
