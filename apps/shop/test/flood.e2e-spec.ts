import { Bystander, get, imageMemorySettings, MEMORY_LIMIT, peakMemory, pipeline } from '#libs/testing/flood.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { ShopPlatform, shopEnvironment } from './shop-platform.ts';

const platform = new ShopPlatform();
let shop: ServiceProcess;
let bystander: Bystander;
let product = '';

beforeAll(async () => {
  await platform.start();
  for (let i = 0; i < 40; i += 1) {
    product = await platform.addQuote(`Mille millions de mille milliards de mille sabords, n° ${i} !`);
  }
});
afterAll(() => platform.stop());

beforeEach(async () => {
  shop = await platform.service('shop', {
    ...shopEnvironment(platform.quotes.url, platform.search.url),
    ...imageMemorySettings(),
    NODE_ENV: 'production',
  });
  bystander = new Bystander(shop);
});
afterEach(async () => {
  await bystander.stop();
  expect(peakMemory(shop)).toBeLessThan(MEMORY_LIMIT);
  await shop.end('SIGKILL');
});

const ZIPPED = 'Accept-Encoding: gzip\r\nAccept: text/html\r\n';

it.each([
  ['5,000 times the catalogue', () => get('/', ZIPPED), 5_000],
  ['5,000 times the page of a product', () => get(`/products/${product}`, ZIPPED), 5_000],
])('one connection that asks without waiting is answered in turn: %s', async (_name, request, count) => {
  const statuses = await pipeline(shop, request(), count);
  expect([...statuses.values()].reduce((all, n) => all + n, 0)).toBe(count);
});

it.each([
  ['a page of a product', () => `/products/${product}`],
  ['a search of its own', (i: number) => `/?q=sabords+${i}`],
])('a thousand clients that ask at once are answered: %s', async (_name, path) => {
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => pipeline(shop, get(path(i), ZIPPED), 1)));
  expect(answers.filter((statuses) => statuses.size === 1).length).toBe(1000);
});
