import { type Answer, basic, call, expectProblem } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { LOGIN_KEYS } from '#libs/users/login.keys.ts';

const platform = new Platform();
const RIGHT_LOGINS = 10;
const ATTACKERS = 100;
/** Longest wait with right credentials, half of it allowed for a machine that others use. */
const MAX_WAIT_MS = 3_000;
/** Two replicas, behind a proxy that names their clients. */
let quotes: ServiceProcess;
let replica: ServiceProcess;
let users: ServiceProcess;

beforeAll(async () => {
  await platform.start();
  const env = { TRUSTED_PROXIES: '127.0.0.1' };
  const start = () => platform.service('quotes', env);
  [quotes, replica, users] = await Promise.all([start(), start(), platform.service('users')]);
  for (let i = 0; i < RIGHT_LOGINS; i += 1) await addUser(`right-${i}`);
  await addUser('tintin');
}, 60_000);
afterAll(() => platform.stop());
beforeEach(async () => {
  const keys = await platform.keys('{logins}:*');
  if (keys.length > 0) await platform.redis.del(keys);
});

async function addUser(id: string): Promise<void> {
  const json = { id, name: id, password: secret(id) };
  expect(
    (await call(users, 'POST /users', { key: ADMIN_KEY, json, timeoutMs: 20_000 })).status,
  ).toBe(201);
}

/** Adds a quote with the credentials of a user, from an address. */
function logIn(
  id: string,
  from: string,
  password = secret(id),
  service = quotes,
  timeoutMs = 20_000,
): Promise<Answer> {
  const headers = { 'x-forwarded-for': from };
  return call(service, 'POST /quotes', {
    key: basic(id, password),
    json: { quote: 'x' },
    headers,
    timeoutMs,
  });
}

const wrong = (id: string, from: string, service = quotes) =>
  logIn(id, from, secret('wrong'), service);

/** Stores failures as if logins had failed. */
async function failures(name: string, count: number): Promise<void> {
  await platform.redis.set(LOGIN_KEYS.failures + name, count, 'EX', 900);
}

describe('a hundred clients with wrong passwords', () => {
  it.each([
    [
      'guess at users that do not exist, each from a network of its own',
      (i: number) => [`nobody-${i}`, `10.1.${i}.1`],
    ],
    [
      'guess at the very users, each from a network of its own',
      (i: number) => [`right-${i % RIGHT_LOGINS}`, `10.1.${i}.1`],
    ],
    ['guess at one user, from the network of those who are right', () => ['tintin', '10.9.0.7']],
    [
      'guess at any name, from the network of those who are right',
      (i: number) => [`nobody-${i}`, '10.9.0.7'],
    ],
  ])(
    'that %s keep no first login of others waiting',
    async (_name, guess) => {
      let over = false;
      let asked = 0;
      const attack = Array.from({ length: ATTACKERS }, async (_, i) => {
        const [id = '', from = ''] = guess(i) as string[];
        while (!over) {
          expect([401, 429, 503]).toContain((await wrong(id, from)).status);
          asked += 1;
        }
      });
      // The attack begins once each attacker has had an answer.
      await Promise.race([Promise.all(attack), waitFor(() => asked >= ATTACKERS)]);
      const answers = [];
      for (let i = 0; i < RIGHT_LOGINS; i += 1) {
        answers.push(
          (await logIn(`right-${i}`, '10.9.0.1', undefined, quotes, MAX_WAIT_MS)).status,
        );
      }
      over = true;
      await Promise.all(attack);
      expect(answers).toEqual(Array(RIGHT_LOGINS).fill(201));
    },
    120_000,
  );
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 20));
}

describe('failed logins', () => {
  it('of an account close it on all replicas to networks without a login of it', async () => {
    // One replica does this login; the other would remember the password itself.
    expect((await logIn('tintin', '10.1.1.1')).status).toBe(201);
    await failures('account:tintin', 99);
    expectProblem(await wrong('tintin', '10.2.1.1', replica), 401, 'unauthorized');

    const refused = await logIn('tintin', '10.3.1.1', secret('tintin'), replica);
    expectProblem(refused, 429, 'too-many-failed-logins');
    expect(refused.headers.get('retry-after')).toBe('900');
    expect((await logIn('tintin', '10.1.1.200', secret('tintin'), replica)).status).toBe(201);
    expect((await logIn('right-0', '10.3.1.1', secret('right-0'), replica)).status).toBe(201);
  });

  it.each([
    ['10.1.1.1', '10.1.1.254', '10.1.2.1'],
    ['2001:db8:1::1', '2001:db8:1:ffff::1', '2001:db8:2::1'],
  ])('of %s count for its network, as those of %s do, not for %s', async (one, same, other) => {
    await failures('account:tintin', 1);
    await failures(`network:${one.includes(':') ? '2001:db8:1::/48' : '10.1.1.0/24'}`, 99);
    expectProblem(await wrong('tintin', one), 401, 'unauthorized');

    expectProblem(await wrong('tintin', same), 429, 'too-many-failed-logins');
    expectProblem(await wrong('tintin', other), 401, 'unauthorized');
  });

  it('of a user from a network are twenty at most; an earlier login stays valid', async () => {
    expect((await logIn('tintin', '10.1.1.1')).status).toBe(201);
    await failures('pair:tintin@10.1.1.0/24', 19);
    expectProblem(await wrong('tintin', '10.1.1.1'), 401, 'unauthorized');

    expectProblem(await wrong('tintin', '10.1.1.1'), 429, 'too-many-failed-logins');
    expect((await logIn('tintin', '10.1.1.1')).status).toBe(201);
  });

  it('are refused at the very number, however many come at once', async () => {
    await failures('pair:right-1@10.1.1.0/24', 17);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => wrong('right-1', '10.1.1.1')),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(7);
  });

  it('end by themselves', async () => {
    await wrong('tintin', '10.1.1.1');
    await logIn('right-2', '10.1.1.1', secret('right-2'), replica);
    const keys = (await platform.keys('{logins}:*')).sort();
    expect(keys).toEqual([
      `${LOGIN_KEYS.failures}account:tintin`,
      `${LOGIN_KEYS.failures}network:10.1.1.0/24`,
      `${LOGIN_KEYS.failures}pair:tintin@10.1.1.0/24`,
      `${LOGIN_KEYS.proven}right-2`,
    ]);
    for (const key of keys) expect(await platform.redis.ttl(key)).toBeGreaterThan(800);
  });

  it('are not told apart by whether the user exists', async () => {
    for (const id of ['tintin', 'nobody']) {
      expectProblem(await wrong(id, '10.1.1.1'), 401, 'unauthorized');
      await failures(`account:${id}`, 100);
      expectProblem(await wrong(id, '10.1.1.1'), 429, 'too-many-failed-logins');
    }
  });
});

describe('a password', () => {
  it('is the same in every normal form', async () => {
    const password = secret('Se\u0301raphin');
    const json = { id: 'lampion', name: 'Lampion', password: password.normalize('NFC') };
    expect((await call(users, 'POST /users', { key: ADMIN_KEY, json })).status).toBe(201);
    expect((await logIn('lampion', '10.1.1.1', password.normalize('NFD'))).status).toBe(201);
    expect((await logIn('lampion', '10.1.1.1', password.normalize('NFC'))).status).toBe(201);
  });

  it('has at least eight characters in normal form C; an older one keeps working', async () => {
    const add = (service: ServiceProcess, id: string, password: string) =>
      call(service, 'POST /users', { key: ADMIN_KEY, json: { id, name: id, password } });
    // These are seven characters on the screen, and fourteen in decomposed form.
    const short = 'e\u0301'.repeat(7);
    const refused = await add(users, 'short', short);
    expectProblem(refused, 400, 'invalid-request');
    expect(refused.body.errors).toEqual([
      { field: 'password', message: 'must have at least 8 characters' },
    ]);

    const lax = await platform.service('users', { PASSWORD_MIN_LENGTH: '1' });
    expect((await add(lax, 'short', 'x')).status).toBe(201);
    expect((await logIn('short', '10.1.1.1', 'x')).status).toBe(201);
  });
});
