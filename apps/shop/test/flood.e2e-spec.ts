import { Bystander } from '#libs/testing/bystander.ts';
import { get, pipeline } from '#libs/testing/flood.ts';
import {
  imageMemorySettings,
  MEMORY_LIMIT_MIB,
  peakMemoryMib,
} from '#libs/testing/image-memory.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { ShopPlatform, shopEnvironment } from '#libs/testing/shop-platform.ts';

const platform = new ShopPlatform();
let shop: ServiceProcess;
let bystander: Bystander;
let product: string;

beforeAll(async () => {
  await platform.start();
  for (let i = 0; i < 40; i += 1) {
    product = await platform.addQuote(
      `Mille millions de mille milliards de mille sabords, n° ${i} !`,
    );
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
  expect(peakMemoryMib(shop)).toBeLessThan(MEMORY_LIMIT_MIB);
  await shop.end('SIGKILL');
});

const ZIPPED = 'Accept-Encoding: gzip\r\nAccept: text/html\r\n';

/** The shop makes the catalogue once for all visitors, and the page of a product for each. */
const PAGES = [
  ['the catalogue', () => '/'],
  ['a product', () => `/products/${product}`],
] as const;

it.each(PAGES)(
  'one connection that asks without waiting is answered in turn: 5,000 times %s',
  async (_name, page) => {
    const statuses = await pipeline(shop, get(page(), ZIPPED), 5_000);
    expect([...statuses.values()].reduce((all, count) => all + count, 0)).toBe(5_000);
  },
);

it.each(PAGES)('a thousand clients that ask at once are answered: %s', async (_name, page) => {
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, () => pipeline(shop, get(page(), ZIPPED), 1)),
  );
  expect(answers.filter((statuses) => statuses.has(200)).length).toBeGreaterThan(500);
});
