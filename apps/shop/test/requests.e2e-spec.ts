import { eventually } from '#libs/testing/eventually.ts';
import { call } from '#libs/testing/http-client.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { ShopPlatform } from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';

const platform = new ShopPlatform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());

/** Waits for the log lines of a service about one request. */
function logged(service: ServiceProcess, requestId: string) {
  return eventually(() => {
    const lines = service
      .output()
      .split('\n')
      .filter((line) => line.includes(`"request_id":"${requestId}"`));
    return lines.length > 0 && lines.map((line) => JSON.parse(line));
  });
}

it.each([
  ['the catalogue', '/', 'quotes', '/quotes'],
  ['a search', '/?q=sabord', 'search', '/search'],
  ['a product', '/products/:id', 'quotes', '/quotes/:id'],
] as const)(
  'logs %s under the id of the visitor, here and in the service that it asks',
  async (what, page, asked, route) => {
    const id = await platform.addQuote('Mille sabords !');
    const requestId = `visitor-of-${what.replace(' ', '-')}`;
    await call(platform.shop, `GET ${page.replace(':id', id)}`, {
      headers: { 'x-request-id': requestId },
    });

    expect(await logged(platform.shop, requestId)).toEqual([
      expect.objectContaining({ service: 'shop', route: page.replace(/\?.*/, ''), status: 200 }),
    ]);
    expect(await logged(platform[asked], requestId)).toEqual([
      expect.objectContaining({ service: asked, route, status: 200 }),
    ]);
  },
);

it('makes an id for who has none, and reads the quotes of a page in one call', async () => {
  const visitor = new Visitor(platform.shop);
  const quotes: string[] = [];
  for (const text of ['Tonnerre de Brest !', 'Bachi-bouzouk !', 'Moule à gaufres !']) {
    quotes.push(await platform.addQuote(text));
    await visitor.addToCart(quotes.at(-1) ?? '');
  }
  // The same quote twice.
  await visitor.addToCart(quotes[0] ?? '', 'poster');

  const asked = [expect.objectContaining({ service: 'quotes', route: '/quotes', status: 200 })];
  for (const page of ['/cart', '/checkout']) {
    const { headers, body } = await visitor.get(page);
    for (const text of ['Brest', 'Bachi', 'gaufres']) expect(body).toContain(text);
    const requestId = headers.get('x-request-id') ?? '';
    expect(await logged(platform.quotes, requestId)).toEqual(asked);
    expect(await logged(platform.shop, requestId)).toHaveLength(1);
  }
  const placed = await visitor.checkOut();
  expect(placed.status).toBe(303);
  expect(await logged(platform.quotes, placed.headers.get('x-request-id') ?? '')).toEqual(asked);
});
