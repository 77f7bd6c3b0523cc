import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '#libs/testing/eventually.ts';
import { basic, call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let users: ServiceProcess;
/** Two replicas, which remember credentials each for itself. */
let quotes: [ServiceProcess, ServiceProcess];

beforeAll(async () => {
  await platform.start();
  const start = (app: string) => platform.service(app);
  const [first, ...replicas] = await Promise.all([
    start('users'),
    start('quotes'),
    start('quotes'),
  ]);
  users = first;
  quotes = replicas as [ServiceProcess, ServiceProcess];
});
afterAll(() => platform.stop());
beforeEach(() => platform.flush());

const tintin = { id: 'tintin', name: 'Tintin', password: secret('milou') };
const add = (user: unknown) => call(users, 'POST /users', { key: ADMIN_KEY, json: user });
const get = (path: string, key = ADMIN_KEY) => call(users, `GET ${path}`, { key });
const change = (id: string, json: unknown, key = ADMIN_KEY) =>
  call(users, `PATCH /users/${id}`, { key, json });
const byTintin = basic('tintin', tintin.password);
const withNew = basic('tintin', secret('new'));
/** Adds a quote with somebody's credentials, by each replica; answers the statuses. */
const quoteBy = (key: string) =>
  Promise.all(
    quotes.map(
      async (service) =>
        (await call(service, 'POST /quotes', { key, json: { quote: 'x' } })).status,
    ),
  );

describe('POST /users', () => {
  it('creates a user, whose address it tells', async () => {
    const answer = await add(tintin);

    expect(answer).toMatchObject({ status: 201, body: { id: 'tintin', name: 'Tintin' } });
    expect(answer.headers.get('location')).toBe('/users/tintin');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(Object.keys(answer.body)).toEqual(['id', 'name']);
    expect(await get('/users/tintin')).toMatchObject({
      status: 200,
      body: { id: 'tintin', name: 'Tintin' },
    });
  });

  it('refuses an id that is taken and leaves its user alone', async () => {
    succeeded(await add(tintin));

    expectProblem(await add({ ...tintin, name: 'Dupont' }), 409, 'conflict');
    expect((await get('/users/tintin')).body.name).toBe('Tintin');
  });

  it('creates one user when many ask for the id at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => add({ ...tintin, name: `Tintin ${i}` })),
    );

    expect(answers.map(({ status }) => status).sort()).toEqual([
      201, 409, 409, 409, 409, 409, 409, 409,
    ]);
    expect((await get('/users')).body.total).toBe(1);
  });

  it.each([
    ['the longest id', { id: 'A-z_0.9'.padEnd(64, 'x') }],
    ['the longest name, in characters rather than UTF-16 units', { name: '🐋'.repeat(100) }],
    ['the longest password', { password: secret('').padEnd(128, 'é') }],
  ])('accepts %s', async (_name, fields) => {
    expect((await add({ ...tintin, ...fields })).status).toBe(201);
  });

  it('trims the name', async () => {
    expect(succeeded(await add({ ...tintin, name: ' \n Tintin\t' })).body.name).toBe('Tintin');
  });

  it('stores the password as argon2id of 19 MiB, salted', async () => {
    succeeded(await add(tintin));
    succeeded(await add({ ...tintin, id: 'haddock' }));
    const hashes = await Promise.all(
      ['tintin', 'haddock'].map((id) => platform.redis.hget(`{users}:user:${id}`, 'password')),
    );

    for (const hash of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });
});

describe('GET /users', () => {
  it('lists by id, page by page, never a password or its hash', async () => {
    for (const id of ['c', 'a', 'B', 'd', 'e']) succeeded(await add({ ...tintin, id }));

    const first = await get('/users?limit=2');
    expect(first.body).toEqual({
      items: [
        { id: 'B', name: 'Tintin' },
        { id: 'a', name: 'Tintin' },
      ],
      total: 5,
      next: 'a',
    });
    // A user whose id sorts before the cursor moves nothing.
    succeeded(await add({ ...tintin, id: 'A' }));
    const second = await get('/users?limit=2&cursor=a');
    expect(second.body.items.map(({ id }: { id: string }) => id)).toEqual(['c', 'd']);
    const third = await get('/users?limit=2&cursor=d');
    expect(third.body).toMatchObject({ items: [{ id: 'e' }], next: null });
  });

  it('is empty when there is nobody', async () => {
    expect((await get('/users')).body).toEqual({ items: [], total: 0, next: null });
  });
});

describe('PATCH /users/{id}', () => {
  beforeEach(async () => {
    succeeded(await add(tintin));
    succeeded(await add({ ...tintin, id: 'haddock', name: 'Archibald' }));
  });

  it('changes the name, for the admin and for the user itself', async () => {
    const answer = await change('tintin', { name: ' Kuifje ' });
    expect(answer).toMatchObject({ status: 200, body: { id: 'tintin', name: 'Kuifje' } });
    expect(Object.keys(answer.body)).toEqual(['id', 'name']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await get('/users/tintin')).body.name).toBe('Kuifje');
    expect((await change('tintin', { name: 'Tim' }, byTintin)).body.name).toBe('Tim');
    expect((await get('/users')).body.items).toEqual([
      { id: 'haddock', name: 'Archibald' },
      { id: 'tintin', name: 'Tim' },
    ]);
    // The password is the same.
    expect(await quoteBy(byTintin)).toEqual([201, 201]);
  });

  it.each([
    ['the user itself', byTintin],
    ['the admin', ADMIN_KEY],
  ])('a password changed by %s counts at once, and the old one no more', async (_name, key) => {
    // Every service remembers the old one.
    expect(await quoteBy(byTintin)).toEqual([201, 201]);
    expect((await get('/users/tintin', byTintin)).status).toBe(200);
    const signed = (await call(quotes[0], 'GET /quotes?user_id=tintin')).body;

    const answer = await change('tintin', { password: secret('new') }, key);
    expect(answer).toMatchObject({ status: 200, body: { id: 'tintin', name: 'Tintin' } });
    expect(Object.keys(answer.body)).toEqual(['id', 'name']);
    expect(await quoteBy(byTintin)).toEqual([401, 401]);
    expectProblem(await get('/users/tintin', byTintin), 401, 'unauthorized');
    expectProblem(await change('tintin', { name: 'x' }, byTintin), 401, 'unauthorized');
    expect((await call(quotes[0], 'GET /quotes?user_id=tintin')).body).toEqual(signed);
    expect(await quoteBy(withNew)).toEqual([201, 201]);
    expect(await platform.redis.hget('{users}:user:tintin', 'password')).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/,
    );
  });

  it('changes both, and what two change at once', async () => {
    const both = { name: 'Tim', password: secret('new') };
    expect((await change('tintin', both, byTintin)).body.name).toBe('Tim');
    expect(await quoteBy(withNew)).toEqual([201, 201]);

    const answers = await Promise.all([
      change('haddock', { name: 'Karl' }),
      change('haddock', { password: secret('new') }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await get('/users/haddock', basic('haddock', secret('new')))).body.name).toBe('Karl');
  });

  it('is done by one of those who use the same old password at once', async () => {
    const passwords = [secret('new'), secret('newer')];
    const answers = await Promise.all(
      passwords.map((password) => change('tintin', { password }, byTintin)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    const [won = '', lost = ''] = answers.map(({ status }, i) =>
      basic('tintin', passwords[status === 200 ? i : 1 - i] ?? ''),
    );
    expect(won).toBe(lost);
    expect((await get('/users/tintin', won)).status).toBe(200);
  });

  it('is refused to others, and to those who are nobody', async () => {
    const before = await platform.redis.hgetall('{users}:user:haddock');
    for (const json of [{ name: 'x' }, { password: secret('new') }]) {
      expectProblem(await change('haddock', json, byTintin), 403, 'forbidden');
      // Who may not ask is not told who exists.
      expectProblem(await change('nobody', json, byTintin), 403, 'forbidden');
      expectProblem(await change('haddock', json, withNew), 401, 'unauthorized');
      expectProblem(await change('nobody', json), 404, 'not-found');
    }
    expect(await platform.redis.hgetall('{users}:user:haddock')).toEqual(before);
    expect(await platform.redis.exists('{users}:user:nobody')).toBe(0);
    expect(await platform.redis.hkeys('{users}:names')).toEqual(['tintin', 'haddock']);
  });

  it.each([
    [{}, 'request', 'must have at least one field to change'],
    [{ name: null }, 'name', 'must be a string'],
    [{ name: '\u200b' }, 'name', 'must hold something visible'],
    [{ name: 'x'.repeat(101) }, 'name', 'must have at most 100 characters'],
    [{ password: null }, 'password', 'must be a string'],
    [{ password: 'short' }, 'password', 'must have at least 8 characters'],
    [{ password: '' }, 'password', 'must have 1 to 128 characters'],
    [{ password: 'x'.repeat(129) }, 'password', 'must have 1 to 128 characters'],
    [{ name: 'x', password: 'short' }, 'password', 'must have at least 8 characters'],
    [{ id: 'tim' }, 'id', 'is not a known field'],
    [{ name: 'x', admin: true }, 'admin', 'is not a known field'],
  ])('refuses %j', async (json, field, message) => {
    for (const key of [ADMIN_KEY, byTintin]) {
      const answer = await change('tintin', json, key);
      expectProblem(answer, 400, 'invalid-request');
      expect(answer.body.errors).toEqual([{ field, message }]);
    }
    expect((await get('/users/tintin', byTintin)).body.name).toBe('Tintin');
  });

  it('a wrong password counts as one of a login, as with quotes', async () => {
    expectProblem(await get('/users/tintin', withNew), 401, 'unauthorized');
    expect(await platform.redis.get('{logins}:failures:account:tintin')).toBe('1');
  });
});

describe('a user', () => {
  beforeEach(async () => {
    succeeded(await add(tintin));
    succeeded(await add({ ...tintin, id: 'haddock', name: 'Archibald' }));
  });

  it('sees itself, and nobody else', async () => {
    const itself = { id: 'tintin', name: 'Tintin' };
    const read = await get('/users/tintin', byTintin);
    expect(read).toMatchObject({ status: 200, body: itself });
    expect(read.headers.get('cache-control')).toBe('no-store');
    expect((await get('/users', byTintin)).body).toEqual({ items: [itself], total: 1, next: null });
    for (const path of ['/users/haddock', '/users/nobody'])
      expectProblem(await get(path, byTintin), 403, 'forbidden');
  });

  it.each(['POST /users', 'DELETE /users/tintin'])('does not %s', async (target) => {
    const json = { ...tintin, id: 'x' };
    const options = { key: byTintin, ...(target.startsWith('POST') && { json }) };
    expectProblem(await call(users, target, options), 401, 'unauthorized');
    expect((await get('/users')).body.total).toBe(2);
  });
});

describe('a user, who has no entity tag', () => {
  const everyWrite = async (headers: Record<string, string>, id = 'tintin') => {
    const write = (target: string, json?: object) =>
      call(users, target, { key: ADMIN_KEY, headers, ...(json && { json }) });
    return [
      await write('POST /users', { ...tintin, id: 'tournesol' }),
      await write(`PATCH /users/${id}`, { name: 'T' }),
      await write(`PATCH /users/${id}`, { password: secret('new') }),
      await write(`DELETE /users/${id}`),
    ];
  };
  beforeEach(async () => {
    succeeded(await add(tintin));
  });

  it.each<Record<string, string>>([
    { 'if-match': '"x"' },
    { 'if-none-match': '*' },
    { 'if-match': '' },
  ])('is not written with a condition that it cannot meet: %j', async (headers) => {
    const before = await platform.redis.hgetall('{users}:user:tintin');
    for (const answer of await everyWrite(headers))
      expectProblem(answer, 412, 'precondition-failed');
    expect(await platform.redis.hgetall('{users}:user:tintin')).toEqual(before);
    expect((await get('/users')).body.total).toBe(1);

    const [, ...absent] = await everyWrite(headers, 'nobody');
    for (const answer of absent) expectProblem(answer, 404, 'not-found');
    const wrong = { key: byTintin, headers, json: { password: '' } };
    expectProblem(await call(users, 'PATCH /users/tintin', wrong), 400, 'invalid-request');
    const json = { name: 'x' };
    const other = await call(users, 'PATCH /users/nobody', { key: byTintin, headers, json });
    expectProblem(other, 403, 'forbidden');
    const none = await call(users, 'DELETE /users/tintin', { headers });
    expectProblem(none, 401, 'unauthorized');
  });

  it.each<Record<string, string>>([{ 'if-match': '*' }, { 'if-none-match': '"x"' }])(
    'is written with a condition that it meets: %j',
    async (headers) => {
      const answers = await everyWrite(headers);
      expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 204]);
    },
  );
});

it('completes at its start the names of users whom an earlier version has written', async () => {
  succeeded(await add(tintin));
  await platform.redis.del('{users}:names');
  await platform.service('users');
  await eventually(async () =>
    expect(await platform.redis.hgetall('{users}:names')).toEqual({ tintin: 'Tintin' }),
  );
});

describe('DELETE /users/{id}', () => {
  it('removes the user, once', async () => {
    succeeded(await add(tintin));
    const remove = () => call(users, 'DELETE /users/tintin', { key: ADMIN_KEY });

    expect(await remove()).toMatchObject({ status: 204, body: '' });
    expectProblem(await get('/users/tintin'), 404, 'not-found');
    expectProblem(await remove(), 404, 'not-found');
    expect((await get('/users')).body.total).toBe(0);
    expect((await add(tintin)).status).toBe(201);
  });
});

describe('the admin key', () => {
  const routes = ['POST /users', 'DELETE /users/tintin'];
  const ownRoutes = ['GET /users', 'GET /users/tintin', 'PATCH /users/tintin'];
  const wrong = [
    ['none', undefined],
    ['another', secret('other')],
    ['a part of it', ADMIN_KEY.slice(0, -1)],
    ['more than it', `${ADMIN_KEY}x`],
    ['another as a bearer token', `Bearer ${secret('other')}`],
    ['it under another scheme', `Token ${ADMIN_KEY}`],
  ] as const;
  const refused = [
    ...[...routes, ...ownRoutes].flatMap((route) =>
      wrong.map(([name, key]) => [route, name, key] as const),
    ),
    ...routes.map((route) => [route, 'credentials of a user', byTintin] as const),
  ];

  it.each(refused)('is asked for by %s: %s', async (route, _name, key) => {
    succeeded(await add(tintin));
    const answer = await call(users, route, {
      ...(key !== undefined && { key }),
      ...(route.startsWith('POST') && { json: { ...tintin, id: 'x' } }),
      ...(route.startsWith('PATCH') && { json: { name: 'x' } }),
    });

    expectProblem(answer, 401, 'unauthorized');
    expect(answer.headers.get('www-authenticate')).toMatch(/Bearer realm=".+", Basic realm=".+"/);
    expect((await get('/users')).body.items).toEqual([{ id: 'tintin', name: 'Tintin' }]);
  });

  it.each([ADMIN_KEY, `Bearer ${ADMIN_KEY}`, `bearer ${ADMIN_KEY}`])(
    'is accepted bare and as a bearer token',
    async (key) => {
      expect((await call(users, 'GET /users', { key })).status).toBe(200);
    },
  );
});

describe('the two lines of the README', () => {
  it('work verbatim, with curl', async () => {
    const service = await platform.service('users', {
      ADMIN_KEY: 'supersecretkey',
      PASSWORD_MIN_LENGTH: '1',
    });
    const run = (line: string) =>
      promisify(execFile)('sh', [
        '-c',
        `${line.replace(':5000/', `:${service.port}/`)} -s -w ' %{http_code}'`,
      ]);

    const post = await run(
      'curl -X POST http://localhost:5000/users -H "Authorization: supersecretkey" ' +
        `-d '{"id": "1", "name": "Tintin", "password": "milou"}'`,
    );
    expect(post.stdout).toBe('{"id":"1","name":"Tintin"} 201');
    const list = await run(
      `curl -X GET http://localhost:5000/users -H "Authorization: supersecretkey"`,
    );
    expect(list.stdout).toBe('{"items":[{"id":"1","name":"Tintin"}],"total":1,"next":null} 200');
  });
});
