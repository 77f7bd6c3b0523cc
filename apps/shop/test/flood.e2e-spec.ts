import { Bystander, get, imageMemorySettings, MEMORY_LIMIT, peakMemory, pipeline } from '#libs/testing/flood.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { ShopPlatform, shopEnvironment } from './shop-platform.ts';

const platform = new ShopPlatform();
let shop: ServiceProcess;
let bystander: Bystander;

beforeAll(async () => {
  await platform.start();
  for (let i = 0; i < 40; i += 1) {
    await platform.addQuote(`Mille millions de mille milliards de mille sabords, n° ${i} !`);
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

it('one connection that asks without waiting is answered in turn: 5,000 times the catalogue', async () => {
  const statuses = await pipeline(shop, get('/', ZIPPED), 5_000);
  expect([...statuses.values()].reduce((all, count) => all + count, 0)).toBe(5_000);
});
