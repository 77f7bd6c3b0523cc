import 'reflect-metadata';
import { parseConfig } from '#libs/config/config.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { Platform } from '#libs/testing/platform.ts';
import { USER_KEYS } from './user.keys.ts';
import { UserNamesRepository } from './user-names.repository.ts';
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

describe('users', () => {
  let redis: RedisService;
  let users: UsersRepository;
  let names: UserNamesRepository;

  beforeAll(async () => {
    const config = parseConfig('test', { adminKey: false }, platform.redisEnv('operator'));
    redis = new RedisService(config);
    users = new UsersRepository(redis, new QuotesRepository(redis, config));
    names = new UserNamesRepository(redis);
    await eventually(() => redis.client.status === 'ready');
  });
  afterAll(() => redis.onApplicationShutdown());

  const create = (id: string, name = id.toUpperCase()) => users.create({ id, name }, 'hash');
  const stored = () => platform.redis.hgetall(USER_KEYS.names);
  /** The users themselves, by id. */
  const existing = async () => {
    const { items } = await users.list(1000);
    return Object.fromEntries(items.map(({ id, name }) => [id, name]));
  };

  it('have names that follow creations, changes and deletions', async () => {
    for (const id of ['tintin', 'haddock', 'tournesol']) await create(id);
    await create('tintin', 'an id that is taken');
    expect(await users.change('haddock', { name: 'Archibald' })).toEqual({
      id: 'haddock',
      name: 'Archibald',
    });
    expect(await users.change('nobody', { name: 'Nobody' })).toBeUndefined();
    await users.delete('tournesol');

    expect(await names.namesOf(['tournesol', 'haddock', 'nobody', 'tintin'])).toEqual(
      new Map([
        ['haddock', 'Archibald'],
        ['tintin', 'TINTIN'],
      ]),
    );
    expect(await names.namesOf([])).toEqual(new Map());
    expect(await stored()).toEqual(await existing());
  });

  it('of a former version get their names, and wrong ones are corrected', async () => {
    // These need more than one batch.
    for (let i = 0; i < 300; i += 1) await create(`user-${i}`);
    const all = await stored();
    await platform.redis.del(USER_KEYS.names);
    await users.completeNames();
    expect(await stored()).toEqual(all);

    await platform.redis.hset(USER_KEYS.names, 'user-7', 'of an earlier user of that id');
    await users.completeNames();
    expect(await stored()).toEqual(all);
  });

  it('have the right names when these are completed while users come, change and go', async () => {
    for (let i = 0; i < 300; i += 1) await create(`user-${i}`);
    await platform.redis.del(USER_KEYS.names);
    await Promise.all([
      users.completeNames(),
      users.completeNames(),
      ...Array.from({ length: 300 }, (_, i) => {
        if (i % 3 === 0) return users.delete(`user-${i}`);
        return i % 3 === 1 ? users.change(`user-${i}`, { name: 'new' }) : create(`late-${i}`);
      }),
    ]);
    expect(await stored()).toEqual(await existing());
  });

  it('are changed by one who has their password, and lose nothing of another change', async () => {
    await users.create({ id: 'tintin', name: 'Tintin' }, 'old hash');
    const key = `${USER_KEYS.user}tintin`;
    const incarnation = await platform.redis.hget(key, 'incarnation');

    const answers = await Promise.all([
      users.change('tintin', { passwordHash: 'new hash' }, 'old hash'),
      users.change('tintin', { passwordHash: 'another hash' }, 'old hash'),
      users.change('tintin', { name: 'Kuifje' }),
    ]);
    expect(answers.map((user) => user?.name)).toEqual(['Tintin', undefined, 'Kuifje']);
    expect(await platform.redis.hgetall(key)).toEqual({
      name: 'Kuifje',
      password: 'new hash',
      incarnation,
    });
  });
});
