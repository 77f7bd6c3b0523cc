import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '#libs/testing/eventually.ts';
import {
  type Answer,
  basic,
  call,
  expectProblem,
  metric,
  sendRaw,
  succeeded,
} from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
const LIMIT = 10;
/** The window cannot pass during a test. */
const limited = { THROTTLE_LIMIT: String(LIMIT), THROTTLE_WINDOW_SECONDS: '600' };
let users: ServiceProcess;
let quotes: ServiceProcess;
let replica: ServiceProcess;
let search: ServiceProcess;

beforeAll(async () => {
  await platform.start();
  const start = (app: string) => platform.service(app, limited);
  [users, quotes, replica, search] = await Promise.all([
    start('users'),
    start('quotes'),
    start('quotes'),
    start('search'),
  ]);
});
afterAll(() => platform.stop());
beforeEach(() => platform.flush());

const key = ADMIN_KEY;
const exhaust = async (service = quotes, headers: Record<string, string> = {}) => {
  for (let i = 0; i < LIMIT; i += 1) {
    expect((await call(service, 'GET /quotes', { headers })).status).toBe(200);
  }
};

function expectRefusal(answer: Answer): void {
  expectProblem(answer, 429, 'too-many-requests');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(590);
  expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(600);
  expect(answer.headers.get('ratelimit-limit')).toBe('10');
  expect(answer.headers.get('ratelimit-remaining')).toBe('0');
  expect(answer.headers.get('ratelimit-reset')).toBe(answer.headers.get('retry-after'));
  expect(answer.headers.get('ratelimit-policy')).toBe('10;w=600');
}

describe('ten requests of a client', () => {
  const targets: [string, () => ServiceProcess, string, Parameters<typeof call>[2]][] = [
    ['a list', () => quotes, 'GET /quotes', {}],
    ['a list of the other replica', () => replica, 'GET /quotes', {}],
    ['a random quote', () => replica, 'GET /quotes/random', {}],
    ['a quote that is absent', () => quotes, 'GET /quotes/1', {}],
    ['a query that is wrong', () => quotes, 'GET /quotes?limit=x', {}],
    ['a write', () => quotes, 'POST /quotes', { key, json: { quote: 'x' } }],
    ['a deletion', () => replica, 'DELETE /quotes/1', { key }],
    ['a write with a wrong key', () => quotes, 'POST /quotes', { key: 'wrong-key', json: {} }],
    ['a search', () => search, 'GET /search?keyword=x', {}],
    ['users', () => users, 'GET /users', { key }],
  ];

  it('are admitted over all services and replicas, and then none by any', async () => {
    for (const [name, service, target, options] of targets) {
      const answer = await call(service(), target, options);
      expect([name, answer.status]).not.toEqual([name, 429]);
      expect(answer.headers.get('ratelimit-limit')).toBe('10');
    }
    for (const [, service, target, options] of targets)
      expectRefusal(await call(service(), target, options));
    expect(await platform.redis.exists('{q0}:quotes')).toBe(1);
    expect(await platform.redis.zcard('{q0}:quotes')).toBe(1);
  });

  it('count down', async () => {
    for (let i = 1; i <= LIMIT; i += 1) {
      const { headers } = await call(i % 2 ? quotes : replica, 'GET /quotes');
      expect(headers.get('ratelimit-remaining')).toBe(String(LIMIT - i));
      expect(headers.get('retry-after')).toBeNull();
    }
  });

  it('are exactly ten when thirty come at once', async () => {
    const services = [quotes, replica, search];
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        call(services[i % 3] ?? quotes, i % 3 === 2 ? 'GET /search?keyword=x' : 'GET /quotes'),
      ),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBe(LIMIT);
    expect(answers.filter(({ status }) => status === 429).length).toBe(30 - LIMIT);
  });

  it('hide what was read ahead for the eleventh', async () => {
    const { body } = succeeded(
      await call(quotes, 'POST /quotes', { key, json: { quote: 'caché' } }),
    );
    for (let i = 1; i < LIMIT; i += 1) await call(quotes, 'GET /quotes');
    const answer = await call(quotes, `GET /quotes/${body.id}`);

    expectRefusal(answer);
    expect(JSON.stringify(answer.body)).not.toContain('caché');
    const head = await call(quotes, `HEAD /quotes/${body.id}`);
    expect(head).toMatchObject({ status: 429, body: '' });
  });

  it.each(['DELETE /quotes/random', 'PATCH /quotes/today', 'DELETE /quotes/export'])(
    'are all that a client is told of, even of %s',
    async (target) => {
      const before = await metric(quotes, 'throttled_requests_total');
      const options = { key, ...(target.startsWith('PATCH') && { json: { lang: 'fr' } }) };
      const unsupported = await call(quotes, target, options);
      expectProblem(unsupported, 405, 'method-not-allowed');
      expect(unsupported.headers.get('allow')).toBe('GET, HEAD');
      expect(unsupported.headers.get('retry-after')).toBeNull();
      for (let i = 1; i < LIMIT; i += 1) await call(quotes, 'GET /quotes');

      const refused = await call(quotes, target, options);
      expectRefusal(refused);
      expect(refused.headers.get('allow')).toBeNull();
      expect((await metric(quotes, 'throttled_requests_total')) - before).toBe(1);
    },
  );

  it('are counted in a metric when refused', async () => {
    const before = await metric(quotes, 'throttled_requests_total');
    await exhaust();
    for (let i = 0; i < 3; i += 1) await call(quotes, 'GET /quotes');
    await call(quotes, 'POST /quotes', { key, json: { quote: 'x' } });

    expect((await metric(quotes, 'throttled_requests_total')) - before).toBe(4);
  });
});

it('never limits nor counts what is asked of a service about itself', async () => {
  const paths = [
    '/healthz',
    '/readyz',
    '/version',
    '/metrics',
    '/openapi.json',
    '/docs',
    '/docs/swagger-ui.css',
  ];
  for (const service of [users, quotes, search]) {
    for (const path of paths) {
      const answer = await call(service, `GET ${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get('ratelimit-limit')).toBeNull();
    }
  }
  await exhaust();
  expectRefusal(await call(quotes, 'GET /quotes'));
  for (const path of paths) {
    for (let i = 0; i < LIMIT + 1; i += 1)
      expect((await call(quotes, `GET ${path}`)).status).toBe(200);
  }
});

it('slides: one more is admitted for each that leaves the window, not all at once', async () => {
  const service = await platform.service('quotes', { ...limited, THROTTLE_LIMIT: '2' });
  const ask = async () => (await call(service, 'GET /quotes')).status;
  /** Lets half a window go by: makes what was admitted so much older. */
  const halfWindow = async () => {
    const log = 'throttle:127.0.0.1';
    const times = await platform.redis.lrange(log, 0, -1);
    await platform.redis.del(log);
    await platform.redis.rpush(log, ...times.map((time) => String(Number(time) - 300_000_000)));
  };

  expect(await ask()).toBe(200);
  await halfWindow();
  expect([await ask(), await ask()]).toEqual([200, 429]);
  for (let i = 0; i < 4; i += 1) {
    // The older of two leaves the window, and the younger stays.
    await halfWindow();
    expect([await ask(), await ask()]).toEqual([200, 429]);
  }
});

it('admits again after Retry-After', async () => {
  const service = await platform.service('quotes', {
    THROTTLE_LIMIT: '1',
    THROTTLE_WINDOW_SECONDS: '1',
  });
  expect((await call(service, 'GET /quotes')).status).toBe(200);
  const refusal = await call(service, 'GET /quotes');
  expect(refusal.status).toBe(429);
  expect(refusal.headers.get('retry-after')).toBe('1');
  await delay(1000 * Number(refusal.headers.get('retry-after')));

  expect((await call(service, 'GET /quotes')).status).toBe(200);
});

describe('the clock of Redis, stepped back since', () => {
  const client = 'throttle:127.0.0.1';
  const hour = 3_600_000_000;
  /** Shifts the stored times, which lie in the future after a step of the clock. */
  const stepBack = async (step: number) => {
    const [seconds, microseconds] = await platform.redis.time();
    const now = Number(seconds) * 1_000_000 + Number(microseconds);
    const times = await platform.redis.lrange(client, 0, -1);
    await platform.redis.del(client);
    await platform.redis.rpush(client, ...times.map((time) => String(Number(time) + step)));
    return now;
  };

  it.each([
    ['a second', 1_000_000],
    ['an hour', hour],
    ['ten years', 10 * 365 * 24 * hour],
  ])('by %s, locks no client out for longer than a window', async (_name, step) => {
    await exhaust();
    const now = await stepBack(step);
    expectRefusal(await call(quotes, 'GET /quotes'));
    const times = (await platform.redis.lrange(client, 0, -1)).map(Number);
    expect(times.length).toBe(LIMIT);
    const [later, microseconds] = await platform.redis.time();
    for (const time of times)
      expect(time).toBeLessThanOrEqual(Number(later) * 1_000_000 + Number(microseconds));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(now);
    expect(await platform.redis.pttl(client)).toBeLessThanOrEqual(600_000);
  });
});

describe('a refused list', () => {
  it('costs no list', async () => {
    await exhaust();
    const lists = async () =>
      metric(quotes, 'redis_command_duration_seconds_count{operation="quote.list"}');
    const before = await lists();
    expect(before).toBeGreaterThan(0);
    for (let i = 0; i < 5; i += 1) expectRefusal(await call(quotes, 'GET /quotes?limit=100'));
    expect(await lists()).toBe(before);
  });
});

describe('X-Forwarded-For', () => {
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

  it('is ignored from a peer that is no trusted proxy', async () => {
    await exhaust(quotes, { 'x-forwarded-for': '203.0.113.1' });
    expectRefusal(await call(quotes, 'GET /quotes', from('203.0.113.2')));
    expect(await platform.keys('throttle:*')).toEqual(['throttle:127.0.0.1']);
  });

  describe('from a trusted proxy', () => {
    let behind: ServiceProcess;
    beforeAll(async () => {
      behind = await platform.service('quotes', {
        ...limited,
        TRUSTED_PROXIES: 'localhost, 10.0.0.0/8, ::1',
      });
    });
    const counted = async (address: string) => {
      await call(behind, 'GET /quotes', from(address));
      return (await platform.keys('throttle:*')).sort();
    };

    it('names the client, each with a limit of its own', async () => {
      await exhaust(behind, { 'x-forwarded-for': '203.0.113.1' });
      expectRefusal(await call(behind, 'GET /quotes', from('203.0.113.1')));
      expect((await call(behind, 'GET /quotes', from('203.0.113.2'))).status).toBe(200);
      expect((await call(behind, 'GET /quotes')).status).toBe(200);
    });

    it('is believed up to the first address that is not trusted', async () => {
      expect(await counted('198.51.100.9, 203.0.113.1, 10.1.2.3')).toEqual([
        'throttle:203.0.113.1',
      ]);
    });

    it('counts an IPv4 address written as IPv6 as the same client', async () => {
      await counted('203.0.113.1');
      expect(await counted('::ffff:203.0.113.1')).toEqual(['throttle:203.0.113.1']);
    });

    it('counts the addresses of an IPv6 /64 as one client, another /64 as another', async () => {
      await counted('2001:db8:1:2:3:4:5:6');
      expect((await counted('2001:db8:1:2::1')).length).toBe(1);
      expect((await counted('2001:db8:1:3::1')).length).toBe(2);
    });

    it.each([
      ['203.0.113.1:5678', '203.0.113.1'],
      ['[::ffff:203.0.113.1]:80', '203.0.113.1'],
      ['[2001:db8:1:2::1]:80', '2001:db8:1:2::/64'],
      ['2001:db8:1:2::1%eth0', '2001:db8:1:2::/64'],
      // An entry that no proxy vouches for counts for the last proxy that does.
      ['', '127.0.0.1'],
      ['nonsense', '127.0.0.1'],
      ['unknown', '127.0.0.1'],
      ['999.1.1.1', '127.0.0.1'],
      ['0x7f000001', '127.0.0.1'],
      ['203.0.113.1 10.0.0.1', '127.0.0.1'],
      ['a'.repeat(60), '127.0.0.1'],
      ['203.0.113.7, {users}:user:tintin', '127.0.0.1'],
      ['203.0.113.7, *, 10.1.2.3', '10.1.2.3'],
      ['10.9.9.9, 10.1.2.3', '10.9.9.9'],
    ])('of "%s" is counted for %s', async (field, client) => {
      expect(await counted(field)).toEqual([`throttle:${client}`]);
    });

    it('may come in several fields, the last one nearest', async () => {
      const lines = ['198.51.100.9', '203.0.113.1:99', '10.1.2.3'].map(
        (hop) => `X-Forwarded-For: ${hop}\r\n`,
      );
      const head = 'GET /quotes HTTP/1.1\r\nHost: x\r\nConnection: close';
      const request = `${head}\r\n${lines.join('')}\r\n`;
      expect((await sendRaw(behind, request)).status).toBe(200);
      expect(await platform.keys('throttle:*')).toEqual(['throttle:203.0.113.1']);
    });

    it('gives no client a limit of its own for each text that it makes up', async () => {
      for (let i = 0; i < LIMIT; i += 1) await counted(`203.0.113.1, text-${i}`);
      expectRefusal(await call(behind, 'GET /quotes', from('another text')));
      expect(await platform.keys('throttle:*')).toEqual(['throttle:127.0.0.1']);
      expect(behind.output()).not.toContain('text-');
    });
  });
});

describe('a user', () => {
  const USER_LIMIT = 10 * LIMIT;
  const tintin = basic('tintin', secret('tintin'));
  const logins = (service: ServiceProcess, outcome: string) =>
    metric(service, `logins_total{outcome="${outcome}"}`);

  /** Adds a user, and forgets what that counted. */
  async function addUser(id: string): Promise<void> {
    const json = { id, name: id, password: secret(id) };
    succeeded(await call(users, 'POST /users', { key, json }));
    await platform.redis.del('throttle:127.0.0.1');
  }
  /** Reads with credentials that a service does not know until it does. */
  async function becomeKnown(credentials: string, service = quotes): Promise<void> {
    const before = await logins(service, 'verified');
    const { headers } = await call(service, 'GET /quotes', { key: credentials });
    expect(headers.get('ratelimit-limit')).toBe(String(LIMIT));
    await eventually(async () => (await logins(service, 'verified')) > before);
  }
  const left = (answer: Answer) => [
    answer.headers.get('ratelimit-limit'),
    answer.headers.get('ratelimit-remaining'),
  ];

  beforeEach(() => addUser('tintin'));

  it('counts for the address until the password is verified, and then for itself', async () => {
    const read = () => call(quotes, 'GET /quotes/random', { key: tintin });
    expect(left(await call(quotes, 'GET /quotes/1', { key: tintin }))).toEqual(['10', '9']);
    await eventually(async () => left(await read())[0] === String(USER_LIMIT));
    const [, before] = left(await read());
    const post = await call(quotes, 'POST /quotes', { key: tintin, json: { quote: 'x' } });
    expect(post.status).toBe(201);
    expect(left(post)).toEqual(['100', String(Number(before) - 1)]);
    expect(post.headers.get('ratelimit-policy')).toBe('100;w=600');
    expect((await platform.keys('throttle:*')).sort()).toEqual([
      'throttle:127.0.0.1',
      'throttle:user:tintin',
    ]);
  });

  it('is verified by a write at once', async () => {
    await addUser('haddock');
    const haddock = basic('haddock', secret('haddock'));
    const post = () => call(replica, 'POST /quotes', { key: haddock, json: { quote: 'x' } });
    expect(left(await post())).toEqual(['10', '9']);
    expect(left(await post())).toEqual(['100', '99']);
  });

  it('has one budget at all replicas, exactly, whatever its addresses have left', async () => {
    await becomeKnown(tintin, quotes);
    await becomeKnown(tintin, replica);
    await platform.redis.del('throttle:127.0.0.1');
    await exhaust();
    expectRefusal(await call(quotes, 'GET /quotes'));
    const services = [quotes, replica];
    const answers = await Promise.all(
      Array.from({ length: USER_LIMIT + 30 }, (_, i) =>
        call(services[i % 2] ?? quotes, i % 3 ? 'GET /quotes' : 'GET /quotes/1', { key: tintin }),
      ),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBe(30);
    for (const { headers } of refused) {
      expect(headers.get('ratelimit-policy')).toBe('100;w=600');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(590);
    }
    expect(await platform.redis.llen('throttle:user:tintin')).toBe(USER_LIMIT);
    expect(await platform.redis.llen('throttle:127.0.0.1')).toBe(LIMIT);
  });

  it('counts for the address with a wrong password, which is not tried beyond it', async () => {
    const wrong = basic('tintin', secret('wrong'));
    await becomeKnown(tintin);
    await platform.redis.del('throttle:127.0.0.1');
    const before = await logins(quotes, 'failed');
    for (let i = 0; i < LIMIT; i += 1) {
      const answer = await call(quotes, 'GET /quotes', { key: wrong });
      // Reading is open to all.
      expect([answer.status, ...left(answer)]).toEqual([200, '10', String(LIMIT - 1 - i)]);
    }
    await eventually(async () => (await logins(quotes, 'failed')) - before === LIMIT);
    for (let i = 0; i < 3; i += 1)
      expectRefusal(await call(quotes, 'GET /quotes/1', { key: wrong }));
    expectRefusal(await call(quotes, 'POST /quotes', { key: wrong, json: { quote: 'x' } }));
    expect((await logins(quotes, 'failed')) - before).toBe(LIMIT);
    expect((await call(quotes, 'GET /quotes', { key: tintin })).status).toBe(200);
  });

  it('has no budget any more once it is removed', async () => {
    await becomeKnown(tintin);
    expect(left(await call(quotes, 'GET /quotes', { key: tintin }))[0]).toBe('100');
    await platform.redis.del('throttle:127.0.0.1');
    await call(users, 'DELETE /users/tintin', { key });
    expect(left(await call(quotes, 'GET /quotes', { key: tintin }))).toEqual(['10', '8']);
    expect(await platform.redis.llen('throttle:user:tintin')).toBe(1);
  });

  it('is asked for by one derivation, however many requests bring its credentials', async () => {
    const service = await platform.service('quotes', { ...limited, THROTTLE_LIMIT: '50' });
    await Promise.all(
      Array.from({ length: 20 }, () => call(service, 'GET /quotes', { key: tintin })),
    );
    const read = () => call(service, 'GET /quotes', { key: tintin });
    await eventually(async () => left(await read())[0] === '500');
    // What still waits for its turn finds the work done.
    await call(service, 'POST /quotes', { key: tintin, json: { quote: 'x' } });
    expect(await logins(service, 'verified')).toBe(1);
  });

  it('has THROTTLE_USER_LIMIT where it is set; whoever holds an admin key has none', async () => {
    const service = await platform.service('quotes', { ...limited, THROTTLE_USER_LIMIT: '3' });
    await becomeKnown(tintin, service);
    const statuses = [];
    for (let i = 0; i < 4; i += 1)
      statuses.push((await call(service, 'GET /quotes', { key: tintin })).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    for (const header of [key, `Bearer ${key}`])
      expect(left(await call(service, 'GET /quotes', { key: header }))[0]).toBe('10');
  });

  it('counts for the address where nobody knows users, and while Redis is away', async () => {
    await becomeKnown(tintin);
    expect(left(await call(search, 'GET /search?keyword=x', { key: tintin }))[0]).toBe('10');
    await platform.signalRedis('SIGKILL');
    await eventually(async () => (await call(quotes, 'GET /readyz')).status === 503);
    const answer = await call(quotes, 'GET /quotes', { key: tintin });
    expectProblem(answer, 503, 'unavailable');
    expect(left(answer)[0]).toBe('10');
    await platform.startRedis();
    await eventually(async () => (await call(quotes, 'GET /readyz')).status === 200);
  });
});

it('is off at THROTTLE_LIMIT=0', async () => {
  const service = await platform.service('quotes', { THROTTLE_LIMIT: '0' });
  for (let i = 0; i < LIMIT + 5; i += 1) {
    const answer = await call(service, 'GET /quotes');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('ratelimit-limit')).toBeNull();
  }
  expect(await platform.keys('throttle:*')).toEqual([]);
});

it('is ten in a minute when nothing is set', async () => {
  const service = await platform.service('quotes', { THROTTLE_LIMIT: '' });
  expect((await call(service, 'GET /quotes')).headers.get('ratelimit-policy')).toBe('10;w=60');
});

it('lets requests pass while Redis is away, and counts them', async () => {
  await exhaust();
  await platform.signalRedis('SIGKILL');
  await eventually(async () => (await call(quotes, 'GET /readyz')).status === 503);
  const before = await metric(quotes, 'throttle_failures_total');

  // The refusal comes of the missing data, not of the limiter.
  for (let i = 0; i < 3; i += 1)
    expectProblem(await call(quotes, 'GET /quotes'), 503, 'unavailable');
  expectProblem(
    await call(quotes, 'POST /quotes', { key, json: { quote: 'x' } }),
    503,
    'unavailable',
  );
  expect((await metric(quotes, 'throttle_failures_total')) - before).toBe(4);
  await platform.startRedis();
});
