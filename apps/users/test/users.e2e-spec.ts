import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let users: ServiceProcess;

beforeAll(async () => {
  await platform.start();
  users = await platform.service('users');
});
afterAll(() => platform.stop());
beforeEach(() => platform.flush());

const tintin = { id: 'tintin', name: 'Tintin', password: secret('milou') };
const add = (user: unknown) => call(users, 'POST /users', { key: ADMIN_KEY, json: user });
const get = (path: string) => call(users, `GET ${path}`, { key: ADMIN_KEY });

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
  const routes = ['POST /users', 'GET /users', 'GET /users/tintin', 'DELETE /users/tintin'];
  const wrong = [
    ['none', undefined],
    ['another', secret('other')],
    ['a part of it', ADMIN_KEY.slice(0, -1)],
    ['more than it', `${ADMIN_KEY}x`],
    ['another as a bearer token', `Bearer ${secret('other')}`],
    ['it under another scheme', `Token ${ADMIN_KEY}`],
    [
      'credentials of a user',
      `Basic ${Buffer.from(`tintin:${secret('milou')}`).toString('base64')}`,
    ],
  ] as const;

  it.each(routes.flatMap((route) => wrong.map(([name, key]) => [route, name, key] as const)))(
    'is asked for by %s: %s',
    async (route, _name, key) => {
      succeeded(await add(tintin));
      const answer = await call(users, route, {
        ...(key !== undefined && { key }),
        ...(route.startsWith('POST') && { json: { ...tintin, id: 'x' } }),
      });

      expectProblem(answer, 401, 'unauthorized');
      expect(answer.headers.get('www-authenticate')).toMatch(/Bearer realm=".+", Basic realm=".+"/);
      expect((await get('/users')).body.items).toEqual([{ id: 'tintin', name: 'Tintin' }]);
    },
  );

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
