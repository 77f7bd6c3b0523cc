import { parseConfig } from '#libs/config/config.ts';
import { CHANGE_LOG_SCRIPTS } from '#libs/quotes/change.log.ts';
import { encodeQuote } from '#libs/quotes/quote.document.ts';
import { connectRedis, type RedisClient } from '#libs/redis/redis.connection.ts';
import { defineScripts } from '#libs/redis/redis.scripts.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { Platform } from '#libs/testing/platform.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import { InvertedEngine } from './engine/inverted.engine.ts';
import { ShardFollower } from './shard.follower.ts';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());

const clients: RedisClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

async function connect(): Promise<RedisClient> {
  const client = connectRedis(
    parseConfig('test', { adminKey: false }, platform.redisEnv('search')),
    5000,
  );
  client.on('error', () => {});
  defineScripts(client, CHANGE_LOG_SCRIPTS);
  clients.push(client);
  await eventually(() => client.status === 'ready');
  return client;
}

/** A quote under an id of its own, as a restored export writes it. */
async function restore({ keys, client }: QuoteWriter, id: string): Promise<void> {
  const created_at = '2026-11-21T16:00:00.000Z';
  const document = encodeQuote({
    id,
    quote: 'sapajou',
    author: null,
    source: null,
    lang: null,
    tags: [],
    user_id: null,
    created_at,
    updated_at: created_at,
  });
  const { quote, quotes, byUser, authors, clock, log, imported } = keys;
  await client.restoreQuotes(
    ...[7, quote, quotes, byUser, authors, clock, log, imported, id, '', document, ''],
  );
}

it('holds a quote that was restored behind the walk, while the index held it still', async () => {
  const writer = new QuoteWriter(platform.redis);
  const { keys } = writer;
  const [first = '', last = ''] = await writer.add('sapajou', 'anacoluthe');
  const client = await connect();
  const engine = new InvertedEngine();
  const follower = new ShardFollower(
    engine,
    { number: 0, of: 1 },
    client,
    await connect(),
    undefined,
  );
  const running = follower.run();
  await eventually(() => follower.caughtUp && engine.size === 2);

  // Between a walk's read of ids and what it does about them, the log brings the quote back.
  const zrange = client.zrange.bind(client) as (...args: unknown[]) => Promise<string[]>;
  const isWalked = new Promise<string[]>((resolve, reject) => {
    client.zrange = (async (...args: unknown[]) => {
      const ids = await zrange(...args);
      client.zrange = zrange as typeof client.zrange;
      await restore(writer, first);
      const { added } = follower.reached ?? { added: 0 };
      await eventually(() => (follower.reached?.added ?? 0) > added).catch(reject);
      resolve(ids);
      return ids;
    }) as typeof client.zrange;
  });
  // The log does not tell of the deletion, so that all quotes are compared.
  await platform.redis
    .multi()
    .del(keys.quote + first)
    .zrem(keys.quotes, first)
    .xadd(keys.log, '*', 'd', first)
    .xtrim(keys.log, 'MAXLEN', 0)
    .exec();

  expect(await isWalked).toEqual([last]);
  await eventually(() => follower.position !== undefined);
  expect(follower.resyncs).toBe(1);
  expect([...engine.ids()].toSorted()).toEqual([Number(first), Number(last)]);
  follower.stop();
  await running;
});
