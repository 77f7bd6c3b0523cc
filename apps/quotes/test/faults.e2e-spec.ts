import { eventually } from '#libs/testing/eventually.ts';
import { type Answer, basic, call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

interface Quote {
  id: string;
  quote: string;
  user_id: string | null;
}

/** A 503 must come within this time. */
const MAX_REFUSAL_MS = 1000;
/** Service must be back within this time after Redis. */
const MAX_RETURN_MS = 2000;

const platform = new Platform(['--appendfsync', 'always']);
let users: ServiceProcess;
let quotes: ServiceProcess;
let search: ServiceProcess;

beforeAll(() => platform.start());
afterAll(() => platform.stop());
beforeEach(async () => {
  await platform.flush();
  [users, quotes, search] = await Promise.all([
    platform.service('users'),
    platform.service('quotes'),
    platform.service('search'),
  ]);
  succeeded(
    await call(users, 'POST /users', {
      key: ADMIN_KEY,
      json: { id: 'tintin', name: 'T', password: secret('tintin') },
    }),
  );
});
afterEach(() => Promise.all([users, quotes, search].map((service) => service.end('SIGKILL'))));

const add = (quote: string, user_id: string | null = null) =>
  call(quotes, 'POST /quotes', { key: ADMIN_KEY, json: { quote, user_id } });

async function list(query: string): Promise<Quote[]> {
  const items: Quote[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body } = await call(
      quotes,
      `GET /quotes?limit=100${query}${cursor && `&cursor=${cursor}`}`,
    );
    items.push(...body.items);
    cursor = body.next;
  }
  return items;
}

/** Writers that go on whatever happens; every third deletes its quote. Answers the acknowledged. */
function write() {
  let going = true;
  const added = new Set<string>();
  const deleted = new Set<string>();
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let i = 0; going; i += 1) {
      const answer: Answer | undefined = await add(
        `sabord ${writer} ${i}`,
        i % 2 ? 'tintin' : null,
      ).catch(() => undefined);
      if (answer?.status !== 201) {
        // A refusal comes at once; the writer leaves the processor to what brings Redis back.
        await new Promise((done) => setImmediate(done));
        continue;
      }
      added.add(answer.body.id);
      if (i % 3 > 0) continue;
      const removal = await call(quotes, `DELETE /quotes/${answer.body.id}`, {
        key: ADMIN_KEY,
      }).catch(() => undefined);
      // A deletion without an answer may have happened or not.
      added.delete(answer.body.id);
      if (removal?.status === 204) deleted.add(answer.body.id);
    }
  });
  return {
    added,
    deleted,
    async stop(): Promise<void> {
      going = false;
      await Promise.all(writers);
    },
  };
}

/** Asserts that every acknowledged write is there, and that both lists and search agree. */
async function expectIntact({
  added,
  deleted,
}: {
  added: Set<string>;
  deleted: Set<string>;
}): Promise<void> {
  const all = await list('');
  const ids = new Set(all.map(({ id }) => id));
  expect([...added].filter((id) => !ids.has(id))).toEqual([]);
  expect([...deleted].filter((id) => ids.has(id))).toEqual([]);
  expect(await list('&user_id=tintin')).toEqual(all.filter(({ user_id }) => user_id === 'tintin'));
  expect((await platform.keys('{q0}:quote:*')).length).toBe(all.length);
  await eventually(async () => {
    const found = await call(search, 'GET /search?keyword=sabord');
    expect(found.body.total).toBe(all.length);
  });
}

describe('Redis killed under concurrent writes', () => {
  it('loses no acknowledged quote, and service comes back by itself', async () => {
    const writers = write();
    for (let round = 1; round <= 3; round += 1) {
      const enough = writers.added.size + 40;
      await eventually(() => writers.added.size >= enough, 20_000);
      await platform.signalRedis('SIGKILL');
      expectProblem(
        await call(quotes, 'GET /quotes', { timeoutMs: MAX_REFUSAL_MS }),
        503,
        'unavailable',
      );
      expectProblem(await add('perdu'), 503, 'unavailable');
      await platform.startRedis();
      await eventually(async () => (await add('retour')).status === 201, MAX_RETURN_MS);
    }
    await writers.stop();

    for (const { id, quote } of await list('')) {
      if (quote === 'retour') await call(quotes, `DELETE /quotes/${id}`, { key: ADMIN_KEY });
    }
    await expectIntact(writers);
  });
});

describe('Redis frozen', () => {
  const tintin = basic('tintin', secret('tintin'));
  const requests: [string, () => [ServiceProcess, string, Parameters<typeof call>[2]]][] = [
    ['a read', () => [quotes, 'GET /quotes/1', {}]],
    ['a list', () => [quotes, 'GET /quotes', {}]],
    ['a random quote', () => [quotes, 'GET /quotes/random', {}]],
    ['a write', () => [quotes, 'POST /quotes', { key: ADMIN_KEY, json: { quote: 'x' } }]],
    [
      'a write with credentials',
      () => [quotes, 'POST /quotes', { key: tintin, json: { quote: 'x' } }],
    ],
    ['a deletion', () => [quotes, 'DELETE /quotes/1', { key: ADMIN_KEY }]],
    [
      'a new user',
      () => [
        users,
        'POST /users',
        { key: ADMIN_KEY, json: { id: 'a', name: 'A', password: secret('a') } },
      ],
    ],
    ['a list of users', () => [users, 'GET /users', { key: ADMIN_KEY }]],
    ['a user', () => [users, 'GET /users/tintin', { key: ADMIN_KEY }]],
    ['the removal of a user', () => [users, 'DELETE /users/tintin', { key: ADMIN_KEY }]],
    ['a search', () => [search, 'GET /search?keyword=sabord', {}]],
    ['a search that finds nothing', () => [search, 'GET /search?keyword=introuvable', {}]],
  ];
  let limited: ServiceProcess;

  beforeEach(async () => {
    succeeded(await add('mille sabords'));
    await eventually(
      async () => (await call(search, 'GET /search?keyword=sabord')).body.total === 1,
    );
    limited = await platform.service('quotes', { THROTTLE_LIMIT: '1000' });
  });
  afterEach(async () => {
    await platform.signalRedis('SIGCONT');
    await limited.end('SIGKILL');
  });

  it('is answered with 503 within a second by all, and service comes back by itself', async () => {
    await platform.signalRedis('SIGSTOP');
    // The first round meets connections that hang, the second ones that were given up.
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all(
        requests.map(async ([name, request]) => {
          const [service, target, options] = request();
          return [
            name,
            await call(service, target, { ...options, timeoutMs: MAX_REFUSAL_MS }),
          ] as const;
        }),
      );
      for (const [name, answer] of answers) {
        expect([name, answer.status]).toEqual([name, 503]);
        expectProblem(answer, 503, 'unavailable');
        expect(answer.headers.get('retry-after')).toBe('1');
      }
      expect((await call(limited, 'GET /quotes', { timeoutMs: MAX_REFUSAL_MS })).status).toBe(503);
      for (const service of [users, quotes, search]) {
        expectProblem(
          await call(service, 'GET /readyz', { timeoutMs: MAX_REFUSAL_MS }),
          503,
          'not-ready',
        );
        expect((await call(service, 'GET /healthz', { timeoutMs: MAX_REFUSAL_MS })).status).toBe(
          200,
        );
      }
    }
    await platform.signalRedis('SIGCONT');
    await Promise.all(
      [users, quotes, search].map((service) =>
        eventually(async () => (await call(service, 'GET /readyz')).status === 200, MAX_RETURN_MS),
      ),
    );
    expect((await add('encore')).status).toBe(201);
    expect((await call(search, 'GET /search?keyword=mille')).body.total).toBe(1);
  });
});

describe('Redis refusing writes', () => {
  afterEach(() => platform.configure('min-replicas-to-write', '0'));

  it('is answered with 503, and what was to be written is not logged', async () => {
    await platform.configure('min-replicas-to-write', '1');
    const json = { id: 'haddock', name: secret('name'), password: secret('milou') };

    expectProblem(await call(users, 'POST /users', { key: ADMIN_KEY, json }), 503, 'unavailable');
    expectProblem(await add(secret('quote')), 503, 'unavailable');
    expect((await call(quotes, 'GET /quotes')).status).toBe(200);
    // The log is written in blocks, so a moment later.
    await eventually(async () => users.output().includes('NOREPLICAS'));
  });
});

describe('a service killed under writes', () => {
  it('loses no acknowledged quote', async () => {
    const writers = write();
    for (let round = 1; round <= 3; round += 1) {
      const enough = writers.added.size + 40;
      await eventually(() => writers.added.size >= enough, 20_000);
      const { port } = quotes;
      await quotes.end('SIGKILL');
      quotes = await platform.service('quotes', { APP_PORT: String(port) });
    }
    await writers.stop();

    await expectIntact(writers);
  });
});

describe('the removal of a user', () => {
  /**
   * Has the user sign that many quotes. A busy machine may refuse one that was stored already, so
   * that there may be more.
   * @returns how many there are
   */
  async function sign(count: number): Promise<number> {
    for (let i = 0; i < count; i += 1) {
      await eventually(async () => succeeded(await add(`sabord ${i}`, 'tintin')));
    }
    return (await list('&user_id=tintin')).length;
  }

  it('is finished by the next start when it was interrupted', async () => {
    const signed = await sign(40);
    // A crash between the two steps of a removal leaves this: no user, but signed quotes.
    const incarnation = (await platform.redis.hget('{users}:user:tintin', 'incarnation')) ?? '';
    await platform.redis
      .multi()
      .hset('{users}:leaving', 'tintin', incarnation)
      .del('{users}:user:tintin')
      .zrem('{users}:ids', 'tintin')
      .exec();
    await users.end('SIGKILL');
    expect((await list('&user_id=tintin')).length).toBe(signed);

    users = await platform.service('users');
    await eventually(async () => expect(await list('&user_id=tintin')).toEqual([]));
    await eventually(async () => (await platform.redis.exists('{users}:leaving')) === 0);
    expect((await list('')).filter(({ user_id }) => user_id !== null)).toEqual([]);
  });

  it('is finished however the service is killed in the middle of it', async () => {
    const signed = await sign(300);
    const removal = call(users, 'DELETE /users/tintin', { key: ADMIN_KEY }).catch(() => undefined);
    await eventually(async () => (await platform.redis.exists('{users}:user:tintin')) === 0);
    await users.end('SIGKILL');
    await removal;

    users = await platform.service('users');
    await eventually(async () => expect(await list('&user_id=tintin')).toEqual([]));
    expect((await list('')).length).toBe(signed);
  });
});
