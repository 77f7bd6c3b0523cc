import { setTimeout as delay } from 'node:timers/promises';
import { Bystander } from '#libs/testing/bystander.ts';
import { get, open, pipeline } from '#libs/testing/flood.ts';
import {
  imageMemorySettings,
  MEMORY_LIMIT_MIB,
  peakMemoryMib,
} from '#libs/testing/image-memory.ts';
import { ProcessorLimit } from '#libs/testing/processor-limit.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import { ShopPlatform, shopEnvironment } from '#libs/testing/shop-platform.ts';

/**
 * Floods the quotes service and the shop as an attacker would, each with a whole processor or a
 * fifth of one, and measures how long `/healthz` takes for others meanwhile, and the most memory of
 * the process. It needs root and control groups of version 1.
 *
 * node apps/shop/bench/flood.bench.ts [part of the name of a flood]
 */
const PROCESSORS = [1, 0.2];
/** With a fifth of a processor a flood would take minutes. */
const MAX_DURATION_MS = 20_000;
const ZIPPED = 'Accept-Encoding: gzip\r\nAccept: text/html\r\n';

const platform = new ShopPlatform();
await platform.start();
const writer = new QuoteWriter(platform.redis);
const text = (i: number) =>
  `Mille millions de mille milliards de mille sabords de tonnerre de Brest, n° ${i} !`;
const [product = ''] = await writer.add(...Array.from({ length: 200 }, (_, i) => text(i)));
const [first = ''] = await writer.add(...Array.from({ length: 100 }, () => '🐋'.repeat(2000)));
const list = `/quotes?limit=100&cursor=${first}`;

type Service = Parameters<typeof pipeline>[0];
const atOnce =
  (path: string, fields = '') =>
  (service: Service) =>
    Promise.all(Array.from({ length: 1000 }, () => pipeline(service, get(path, fields), 1)));
const inTurn =
  (count: number, path: string, fields = '') =>
  (service: Service) =>
    pipeline(service, get(path, fields), count);

/** Sends whole pages to readers that take none of them. */
async function neverRead(service: Service): Promise<void> {
  const readers = await Promise.all(Array.from({ length: 30 }, () => open(service)));
  for (const reader of readers) reader.pause().write(get('/quotes?limit=100').repeat(50));
  await delay(MAX_DURATION_MS);
  for (const reader of readers) reader.destroy();
}

const FLOODS: readonly (readonly [
  'quotes' | 'shop',
  string,
  (service: Service) => Promise<unknown>,
])[] = [
  ['quotes', '10,000 pipelined random quotes', inTurn(10_000, '/quotes/random')],
  ['quotes', '5,000 pipelined lists of a hundred', inTurn(5_000, list)],
  ['quotes', '200 pipelined bundles of Swagger UI', inTurn(200, '/docs/swagger-ui-bundle.js')],
  ['quotes', 'readers that never read', neverRead],
  ['quotes', '1,000 clients with a list each', atOnce(list)],
  ['shop', '5,000 pipelined catalogues', inTurn(5_000, '/', ZIPPED)],
  ['shop', '5,000 pipelined products', inTurn(5_000, `/products/${product}`, ZIPPED)],
  ['shop', '1,000 clients with a product each', atOnce(`/products/${product}`, ZIPPED)],
];

try {
  for (const processors of PROCESSORS) {
    for (const [app, name, flood] of FLOODS) {
      if (!name.includes(process.argv[2] ?? '')) continue;
      const service = await platform.service(app, {
        ...shopEnvironment(platform.quotes.url, platform.search.url),
        ...imageMemorySettings(),
        NODE_ENV: 'production',
      });
      const limit = new ProcessorLimit(service.process.pid ?? 0, processors);
      const bystander = new Bystander(service);
      await Promise.race([flood(service).catch(() => {}), delay(MAX_DURATION_MS)]);
      await bystander.stop();
      const memory = `${peakMemoryMib(service)?.toFixed(0)} MiB of ${MEMORY_LIMIT_MIB}`;
      const seconds = (bystander.slowestMs / 1000).toFixed(2);
      console.log(
        `${processors} CPU, ${app}, ${name}: /healthz at most ${seconds} s ` +
          `(${bystander.answers} times), ${memory}`,
      );
      await service.end('SIGKILL');
      await limit.end();
    }
  }
} finally {
  await platform.stop();
}
