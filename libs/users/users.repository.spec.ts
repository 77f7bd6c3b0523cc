import 'reflect-metadata';
import { parseConfig } from '#libs/config/config.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { Platform } from '#libs/testing/platform.ts';
import { UsersRepository } from './users.repository.ts';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());
beforeEach(() => platform.flush());

describe.each([1, 3])('the quotes of users, in %i shards', (shards) => {
  let redis: RedisService;
  let quotes: QuotesRepository;
  let users: UsersRepository;

  beforeAll(async () => {
    const env = { ...platform.redisEnv('operator'), REDIS_SHARDS: String(shards) };
    const config = parseConfig('test', { adminKey: false }, env);
    redis = new RedisService(config);
    quotes = new QuotesRepository(redis, config);
    users = new UsersRepository(redis, quotes);
    await eventually(() => redis.client.status === 'ready');
  });
  afterAll(() => redis.onApplicationShutdown());

  const add = async (quote: string, user_id: string) =>
    (await quotes.add({ quote, author: null, source: null, lang: null, tags: [], user_id }))?.id ??
    '';

  /** The newest quotes, of one user or of all. */
  async function newest(userId?: string): Promise<{ id: string; user_id: string | null }[]> {
    return (await quotes.list(100, undefined, userId)).documents.map((document) =>
      JSON.parse(String(document)),
    );
  }

  it('stay unsigned when another takes the id, though the removal comes again late', async () => {
    await users.create({ id: 'tintin', name: 'first' }, 'hash');
    const [shard = ''] = await platform.keys('*:authors');
    const incarnation = (await platform.redis.hget(shard, 'tintin')) ?? '';
    const old = await add('avant', 'tintin');
    await users.delete('tintin');
    await users.create({ id: 'tintin', name: 'second' }, 'hash');
    const young = await add('après', 'tintin');
    await quotes.unsign('tintin', incarnation);

    expect((await newest('tintin')).map(({ id }) => id)).toEqual([young]);
    expect((await newest()).find(({ id }) => id === old)?.user_id).toBeNull();
    expect(await add('encore', 'tintin')).not.toBe('');
  });
});
