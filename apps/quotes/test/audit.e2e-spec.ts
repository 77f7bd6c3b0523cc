import { eventually } from '#libs/testing/eventually.ts';
import { basic, call, expectProblem } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let users: ServiceProcess;
let quotes: ServiceProcess;

const ALICE = secret('key-of-alice');
const CI = secret('key-of-ci');
const keys = { ADMIN_KEYS: `alice:${ALICE},ci:${CI}` };

beforeAll(async () => {
  await platform.start();
  // The audit lines appear at every log level but silent.
  const env = { ...keys, LOG_LEVEL: 'fatal' };
  [users, quotes] = await Promise.all([
    platform.service('users', env),
    platform.service('quotes', env),
  ]);
});
afterAll(() => platform.stop());

let sent = 0;

/** Sends a request, and answers its status and its audit lines. */
async function audited(
  service: ServiceProcess,
  target: string,
  key: string | undefined,
  json?: unknown,
) {
  sent += 1;
  const id = `request-${sent}`;
  const headers = { 'x-request-id': id };
  const answer = await call(service, target, {
    headers,
    ...(key && { key }),
    ...(json !== undefined && { json }),
  });
  // This request surely leaves a line, and all lines of the first come before it.
  await call(users, 'DELETE /users/nobody', {
    key: ADMIN_KEY,
    headers: { 'x-request-id': `${id}-end` },
  });
  await call(quotes, 'DELETE /quotes/1', {
    key: ADMIN_KEY,
    headers: { 'x-request-id': `${id}-end` },
  });
  await eventually(() => service.output().includes(`"${id}-end"`));
  const lines = service
    .output()
    .split('\n')
    .filter((line) => line.includes(`"${id}"`))
    .map((line) => JSON.parse(line));
  return { answer, lines };
}

const tintin = { id: 'tintin', name: 'Tintin', password: secret('tintin') };
const byTintin = basic('tintin', tintin.password);

it('says who wrote what, by the name of the key or the id of the user', async () => {
  const steps: [ServiceProcess, string, string, unknown, string, number][] = [
    [users, 'POST /users', ADMIN_KEY, tintin, 'admin:admin', 201],
    [users, 'POST /users', `Bearer ${ALICE}`, tintin, 'admin:alice', 409],
    [quotes, 'POST /quotes', CI, { quote: 'Mille sabords' }, 'admin:ci', 201],
    [quotes, 'POST /quotes', byTintin, { quote: 'Mille sabords' }, 'user:tintin', 201],
    [
      quotes,
      'POST /quotes',
      byTintin,
      { quote: 'Mille sabords', user_id: 'haddock' },
      'user:tintin',
      403,
    ],
    [quotes, 'PATCH /quotes/1', byTintin, { lang: 'fr' }, 'user:tintin', 404],
    [quotes, 'DELETE /quotes/1', byTintin, undefined, 'user:tintin', 404],
    [users, 'PATCH /users/tintin', ALICE, { name: 'Tim' }, 'admin:alice', 200],
    [users, 'PATCH /users/tintin', byTintin, { name: 'Tim' }, 'user:tintin', 200],
    [users, 'PATCH /users/haddock', byTintin, { name: 'Tim' }, 'user:tintin', 403],
    [users, 'DELETE /users/tintin', ALICE, undefined, 'admin:alice', 204],
  ];
  for (const [service, target, key, json, who, status] of steps) {
    const { answer, lines } = await audited(service, target, key, json);
    const [method, path = ''] = target.split(' ');
    const [, route, id] = /^(\/\w+)(?:\/(\w+))?$/.exec(path) ?? [];
    expect(answer.status).toBe(status);
    expect(lines).toEqual([
      {
        level: 'info',
        service: service === users ? 'users' : 'quotes',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        request_id: answer.headers.get('x-request-id'),
        msg: 'audit',
        who,
        method,
        route: id === undefined ? route : `${route}/:id`,
        subject: id ?? (status === 201 || status === 409 ? (answer.body.id ?? 'tintin') : null),
        status,
      },
    ]);
  }
});

it('says nothing of reads, nor of those whom nobody knows', async () => {
  expect(await audited(users, 'GET /users', ALICE)).toMatchObject({
    answer: { status: 200 },
    lines: [],
  });
  for (const key of [undefined, secret('guess'), basic('tintin', secret('guess'))]) {
    expect(await audited(quotes, 'POST /quotes', key, { quote: 'x' })).toMatchObject({
      answer: { status: 401 },
      lines: [],
    });
  }
});

it('an admin key is withdrawn without the others', async () => {
  const later = await platform.service('users', { ADMIN_KEYS: `ci:${CI}` });
  expectProblem(await call(later, 'GET /users', { key: ALICE }), 401, 'unauthorized');
  for (const key of [CI, ADMIN_KEY])
    expect((await call(later, 'GET /users', { key })).status).toBe(200);
  const without = await platform.service('users', { ADMIN_KEY: '', ADMIN_KEYS: `ci:${CI}` });
  expectProblem(await call(without, 'GET /users', { key: ADMIN_KEY }), 401, 'unauthorized');
  expect((await call(without, 'GET /users', { key: CI })).status).toBe(200);
});
