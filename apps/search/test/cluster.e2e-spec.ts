import { eventually } from '#libs/testing/eventually.ts';
import { basic, call, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

/** More shards than nodes, so that some node holds several. */
const SHARDS = 4;
const env = { REDIS_SHARDS: String(SHARDS) };

const platform = new Platform([], true);
let users: ServiceProcess;
let quotes: ServiceProcess;
let search: ServiceProcess;

beforeAll(async () => {
  await platform.start();
  [users, quotes, search] = (await Promise.all(
    ['users', 'quotes', 'search'].map((app) => platform.service(app, env)),
  )) as [ServiceProcess, ServiceProcess, ServiceProcess];
}, 90_000);
afterAll(() => platform.stop());

const finds = (query: string, total: number) =>
  eventually(async () => {
    const { body } = await call(search, `GET /search?${query}`);
    expect(body.total).toBe(total);
    return body;
  });

it('stores, lists, finds and deletes quotes of all shards', async () => {
  succeeded(
    await call(users, 'POST /users', {
      key: ADMIN_KEY,
      json: { id: 'tintin', name: 'T', password: secret('tintin') },
    }),
  );
  const ids: string[] = [];
  for (let i = 0; i < 40; i++) {
    const { status, body } = await call(quotes, 'POST /quotes', {
      key: basic('tintin', secret('tintin')),
      json: { quote: `tonnerre de Brest ${i}` },
    });
    expect(status).toBe(201);
    ids.push(body.id);
  }
  expect(new Set(ids.map((id) => Number(id) % SHARDS)).size).toBe(SHARDS);

  const { items } = await finds('keyword=tonnerre&limit=100', 40);
  expect(items.map((item: { id: string }) => item.id).sort()).toEqual(ids.toSorted());
  await finds('keyword=tonnerre&user_id=tintin', 40);
  const { body: list } = await call(quotes, 'GET /quotes?limit=100');
  expect(list.items.map((item: { id: string }) => item.id)).toEqual(
    ids.toSorted((a, b) => Number(b) - Number(a)),
  );

  const { body: selected } = await call(search, 'GET /selection?user_id=tintin&limit=100');
  expect(selected.ids).toEqual(list.items.map((item: { id: string }) => item.id));

  for (const id of ids.slice(0, 10)) await call(quotes, `DELETE /quotes/${id}`, { key: ADMIN_KEY });
  await finds('keyword=tonnerre', 30);
  succeeded(await call(users, 'DELETE /users/tintin', { key: ADMIN_KEY }));
  await finds('keyword=tonnerre&user_id=tintin', 0);
  await finds('keyword=tonnerre', 30);
});

it('fills a new replica from all shards', async () => {
  const other = await platform.service('search', env);
  const { body } = await call(other, 'GET /search?keyword=tonnerre');
  expect(body.total).toBe(30);
});

it('is ready when it is connected to every node, not to the first', async () => {
  // Each process connects anew, and in its own order.
  for (let i = 0; i < 10; i++) {
    const fresh = await platform.service('quotes', env);
    const reads = Array.from({ length: 40 }, (_, id) => call(fresh, `GET /quotes/${id + 1}`));
    expect(new Set((await Promise.all(reads)).map(({ status }) => status))).toEqual(new Set([404]));
    await fresh.end('SIGKILL');
  }
});
