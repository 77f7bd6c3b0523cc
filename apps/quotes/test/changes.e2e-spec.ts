import { entityTag } from '#libs/http/entity.tag.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { type Answer, basic, call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let users: ServiceProcess;
/** Two replicas. */
let quotes: ServiceProcess;
let replica: ServiceProcess;

const tintin = basic('tintin', secret('tintin'));
const haddock = basic('haddock', secret('haddock'));

beforeAll(async () => {
  await platform.start();
  [users, quotes, replica] = await Promise.all([
    platform.service('users'),
    platform.service('quotes'),
    platform.service('quotes'),
  ]);
});
afterAll(() => platform.stop());
beforeEach(async () => {
  await platform.flush();
  for (const id of ['tintin', 'haddock']) {
    const json = { id, name: id, password: secret(id) };
    succeeded(await call(users, 'POST /users', { key: ADMIN_KEY, json }));
  }
});

const SAID = {
  quote: 'Mille sabords !',
  author: 'Archibald Haddock',
  source: 'Le Crabe aux pinces d’or',
  lang: 'fr',
  tags: ['mer', 'colère'],
};

const add = async (more: object = {}, key = ADMIN_KEY) =>
  succeeded(await call(quotes, 'POST /quotes', { key, json: { ...SAID, ...more } }));
const get = (path: string, service = quotes) => call(service, `GET ${path}`);
const change = (
  id: string,
  json: unknown,
  { key = ADMIN_KEY, ifMatch, service = quotes }: ChangeOptions = {},
) => {
  const headers: Record<string, string> = ifMatch === undefined ? {} : { 'if-match': ifMatch };
  return call(service, `PATCH /quotes/${id}`, { ...(key !== '' && { key }), json, headers });
};
const remove = (id: string, headers: Record<string, string>, key = ADMIN_KEY, service = quotes) =>
  call(service, `DELETE /quotes/${id}`, { key, headers });
interface ChangeOptions {
  key?: string;
  ifMatch?: string;
  service?: ServiceProcess;
}
const tagOf = ({ headers }: Answer) => headers.get('etag') ?? '';

describe('PATCH /quotes/{id}', () => {
  it('changes the given fields, and answers with the whole quote', async () => {
    const added = await add();
    const { id } = added.body;
    // The quote is changed in a later millisecond than it was added in.
    await eventually(() => Date.now() > Date.parse(added.body.created_at));
    const changed = await change(id, {
      quote: ' Tonnerre "de" Brest,\n\\ !',
      tags: ['Mer', 'mer'],
    });

    expect(changed.status).toBe(200);
    expect(changed.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(changed.body).toEqual({
      ...added.body,
      quote: 'Tonnerre "de" Brest,\n\\ !',
      tags: ['mer'],
      updated_at: expect.any(String),
    });
    expect(Object.keys(changed.body)).toEqual(Object.keys(added.body));
    expect(Date.parse(changed.body.updated_at)).toBeGreaterThan(Date.parse(added.body.created_at));
    expect(Date.parse(changed.body.updated_at)).toBeLessThanOrEqual(Date.now());
    for (const service of [quotes, replica]) {
      expect((await get(`/quotes/${id}`, service)).body).toEqual(changed.body);
      expect((await get('/quotes', service)).body.items).toEqual([changed.body]);
      expect((await get(`/quotes?ids=${id}`, service)).body.items).toEqual([changed.body]);
      expect((await get('/quotes/random', service)).body).toEqual(changed.body);
    }
  });

  it.each([
    ['quote', 'Moules à gaufres'],
    ['author', 'Tintin'],
    ['source', 'Coke en stock'],
    ['lang', 'nl'],
    ['tags', ['insulte']],
    ['user_id', 'haddock'],
  ])('changes %s alone', async (field, value) => {
    const { body } = await add();
    const changed = succeeded(await change(body.id, { [field]: value })).body;
    expect(changed).toEqual({ ...body, [field]: value, updated_at: changed.updated_at });
    expect((await get(`/quotes/${body.id}`)).body).toEqual(changed);
  });

  it.each([
    ['author', null],
    ['source', null],
    ['lang', null],
    ['tags', []],
    ['user_id', null],
  ])('clears %s with null', async (field, cleared) => {
    const { body } = await add({ user_id: 'tintin' });
    const changed = succeeded(await change(body.id, { [field]: null })).body;
    expect(changed).toEqual({ ...body, [field]: cleared, updated_at: changed.updated_at });
    expect((await get(`/quotes/${body.id}`)).body).toEqual(changed);
  });

  it('clears all at once, and fills all again', async () => {
    const { body } = await add({ user_id: 'tintin' });
    const nothing = { author: null, source: null, lang: null, tags: null, user_id: null };
    const bare = succeeded(await change(body.id, nothing)).body;
    expect(bare).toMatchObject({ ...nothing, tags: [], quote: body.quote });
    const full = succeeded(await change(body.id, { ...SAID, user_id: 'tintin' })).body;
    expect(full).toEqual({ ...body, updated_at: full.updated_at });
  });

  it('changes nothing, not even the time, when all is as it is already', async () => {
    const added = await add();
    const { id } = added.body;
    const again = await change(id, { ...SAID, tags: ['MER', 'colère'], user_id: null });
    expect(again).toMatchObject({ status: 200, body: added.body });
    expect(tagOf(again)).toBe(tagOf(added));
    expect(await platform.redis.xlen('{q0}:log')).toBe(1);
  });

  it.each([
    [{}, 'request', 'must have at least one field to change'],
    [{ quote: null }, 'quote', 'must be a string'],
    [{ quote: '\u200b' }, 'quote', 'must hold something visible'],
    [{ quote: 'x'.repeat(2001) }, 'quote', 'must have at most 2000 characters'],
    [{ author: '' }, 'author', 'must hold readable characters and no control characters'],
    [{ source: 'x'.repeat(201) }, 'source', 'must have at most 200 characters'],
    [{ lang: 'french' }, 'lang', 'must be a code of ISO 639, such as en'],
    [{ tags: 'mer' }, 'tags', 'must be a list of tags'],
    [{ tags: [null] }, 'tags.0', 'must be a string'],
    [{ tags: Array.from({ length: 11 }, (_, i) => `tag ${i}`) }, 'tags', 'must be at most 10 tags'],
    [{ user_id: 'a b' }, 'user_id', 'must have 1 to 64 characters of A-Z a-z 0-9 _ . -'],
    [{ id: '1' }, 'id', 'is not a known field'],
    [{ created_at: '2026-11-21T16:00:00.000Z' }, 'created_at', 'is not a known field'],
    [{ updated_at: '2026-11-21T16:00:00.000Z' }, 'updated_at', 'is not a known field'],
    [{ quote: 'x', votes: 1 }, 'votes', 'is not a known field'],
  ])('refuses %j', async (json, field, message) => {
    const { body } = await add();
    const answer = await change(body.id, json);
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).toEqual([{ field, message }]);
    expect((await get(`/quotes/${body.id}`)).body).toEqual(body);
  });

  it.each(['null', '[]', '"quote"', '7', 'true', '{"quote":', ''])(
    'refuses the body %s',
    async (raw) => {
      const { body } = await add();
      const headers = { 'content-type': 'application/json' };
      const options = { key: ADMIN_KEY, raw, headers };
      const answer = await call(quotes, `PATCH /quotes/${body.id}`, options);
      expect(answer.status).toBe(400);
      expect((await get(`/quotes/${body.id}`)).body).toEqual(body);
    },
  );

  it('takes the longest of everything', async () => {
    const { body } = await add();
    const longest = {
      quote: '🐋'.repeat(2000),
      author: '🐋'.repeat(100),
      source: '🐋'.repeat(200),
      tags: Array.from({ length: 10 }, (_, i) => `${'🐋'.repeat(31)}${i}`),
      user_id: 'haddock',
    };
    const changed = succeeded(await change(body.id, longest)).body;
    expect(changed).toMatchObject(longest);
    expect((await get(`/quotes/${body.id}`)).body).toEqual(changed);
  });

  it('finds no quote where there is none', async () => {
    expectProblem(await change('404', { quote: 'x' }), 404, 'not-found');
    expectProblem(await change('x', { quote: 'x' }), 400, 'invalid-request');
    expect(await platform.keys('{q0}:quote:*')).toEqual([]);
  });

  it('is refused to those who neither signed the quote nor are the admin', async () => {
    const { body: mine } = await add({}, haddock);
    const { body: unsigned } = await add();
    const json = { quote: 'x' };

    expectProblem(await change(mine.id, json, { key: '' }), 401, 'unauthorized');
    expectProblem(await change(mine.id, json, { key: secret('other') }), 401, 'unauthorized');
    const wrong = basic('haddock', secret('wrong'));
    expectProblem(await change(mine.id, json, { key: wrong }), 401, 'unauthorized');
    expectProblem(await change(mine.id, json, { key: tintin }), 403, 'forbidden');
    expectProblem(await change(unsigned.id, json, { key: tintin }), 403, 'forbidden');
    expectProblem(await change('404', json, { key: tintin }), 404, 'not-found');
    for (const quote of [mine, unsigned])
      expect((await get(`/quotes/${quote.id}`)).body).toEqual(quote);
    expect((await change(mine.id, json, { key: haddock })).body.quote).toBe('x');
  });

  it('lets a user give up a signature, but sign for no other', async () => {
    const { id } = (await add({}, tintin)).body;
    const sign = (user_id: string | null) => change(id, { user_id }, { key: tintin });

    expectProblem(await sign('haddock'), 403, 'forbidden');
    expectProblem(await sign('nobody'), 403, 'forbidden');
    expect((await sign('tintin')).body.user_id).toBe('tintin');
    expect((await sign(null)).body.user_id).toBeNull();
    expectProblem(await sign('tintin'), 403, 'forbidden');
    for (const user of ['tintin', 'haddock'])
      expect((await get(`/quotes?user_id=${user}`)).body.total).toBe(0);
  });

  it('lets the admin sign for anybody who exists', async () => {
    const { id } = (await add({}, tintin)).body;
    expectProblem(await change(id, { quote: 'x', user_id: 'nobody' }), 422, 'unknown-user');
    expect((await get(`/quotes/${id}`)).body).toMatchObject({ ...SAID, user_id: 'tintin' });

    const changed = succeeded(await change(id, { user_id: 'haddock' })).body;
    expect((await get('/quotes?user_id=haddock')).body.items).toEqual([changed]);
    expect((await get('/quotes?user_id=tintin')).body.items).toEqual([]);
    // The removal of a user finds what was signed later.
    succeeded(await call(users, 'DELETE /users/haddock', { key: ADMIN_KEY }));
    expect((await get(`/quotes/${id}`)).body).toEqual({ ...changed, user_id: null });
    expectProblem(await change(id, { user_id: 'haddock' }), 422, 'unknown-user');
  });
});

describe('the entity tag of a quote', () => {
  it('is that of its JSON, whether it was added, changed or read', async () => {
    const added = await add();
    const { id } = added.body;
    expect(tagOf(added)).toBe(entityTag(JSON.stringify(added.body)));
    const changed = await change(id, { lang: null });
    expect(tagOf(changed)).toBe(entityTag(JSON.stringify(changed.body)));
    expect(tagOf(changed)).not.toBe(tagOf(added));
    const read = await get(`/quotes/${id}`);
    expect(entityTag(JSON.stringify(read.body))).toBe(tagOf(changed));
  });

  it.each([
    ['of a quote with nothing but a text', { author: null, source: null, lang: null, tags: null }],
    ['of a quote with everything', { user_id: 'tintin', author: '"]} É 🐋 \\' }],
  ])('%s lets a change pass, as long as it is the current one', async (_name, fields) => {
    const added = await add(fields);
    const { id } = added.body;
    const first = await change(id, { source: 'first' }, { ifMatch: tagOf(added) });
    expect(first.status).toBe(200);
    const second = await change(id, { source: 'second' }, { ifMatch: tagOf(first) });
    expect(second.status).toBe(200);

    for (const stale of [added, first]) {
      const refused = await change(id, { source: 'stale' }, { ifMatch: tagOf(stale) });
      expectProblem(refused, 412, 'precondition-failed');
    }
    expect((await get(`/quotes/${id}`)).body).toEqual(second.body);
  });

  it('may be one of a list, or any', async () => {
    const added = await add();
    const { id } = added.body;
    const list = `"other", W/"weak", ${tagOf(added)},"*"`;
    expect((await change(id, { author: 'one' }, { ifMatch: list })).status).toBe(200);
    expectProblem(
      await change(id, { author: 'two' }, { ifMatch: list }),
      412,
      'precondition-failed',
    );
    expect((await change(id, { author: 'two' }, { ifMatch: '*' })).status).toBe(200);
  });

  it.each([
    ['that is weak', (tag: string) => `W/${tag}`],
    ['without its marks', (tag: string) => tag.slice(1, -1)],
    ['in other case', (tag: string) => `"${swapCase(tag.slice(1, -1))}"`],
    ['that is longer', (tag: string) => `"${tag.slice(1, -1)}A"`],
    ['that is only a part of it', (tag: string) => tag.replace(/.{4}"$/, '"')],
    ['that is empty', () => '""'],
    ['that is no tag', () => ', ,'],
  ])('%s matches nothing', async (_name, made) => {
    const added = await add();
    const { id } = added.body;
    const ifMatch = made(tagOf(added));
    const refused = await change(id, { author: 'x' }, { ifMatch });
    expectProblem(refused, 412, 'precondition-failed');
    expectProblem(await remove(id, { 'if-match': ifMatch }), 412, 'precondition-failed');
    expect((await get(`/quotes/${id}`)).body).toEqual(added.body);
  });

  it('does not tell of a quote what its absence and the rights of a user tell first', async () => {
    const { id } = (await add({}, haddock)).body;
    const ifMatch = '"stale"';
    expectProblem(await change('404', { lang: 'fr' }, { ifMatch }), 404, 'not-found');
    expectProblem(await change(id, { lang: 'fr' }, { ifMatch, key: tintin }), 403, 'forbidden');
    expectProblem(await remove('404', { 'if-match': ifMatch }), 404, 'not-found');
    expectProblem(await remove(id, { 'if-match': ifMatch }, tintin), 403, 'forbidden');
    const unknown = { user_id: 'nobody' };
    expectProblem(await change(id, unknown, { ifMatch }), 412, 'precondition-failed');
  });

  it.each([
    ['the current one', (tag: string) => tag],
    ['that of a coded answer', (tag: string) => `${tag.slice(0, -1)}-br"`],
    ['one of a list', (tag: string) => `"other", ${tag}`],
    ['any', () => '*'],
  ])('lets a deletion pass when it is %s, and none that is stale', async (_name, made) => {
    for (const key of [ADMIN_KEY, tintin]) {
      const added = await add({}, tintin);
      const { id } = added.body;
      const current = await change(id, { source: 'first' });
      const refused = await remove(id, { 'if-match': tagOf(added) }, key);
      expectProblem(refused, 412, 'precondition-failed');
      expect((await get(`/quotes/${id}`)).body).toEqual(current.body);
      expect((await get('/quotes?user_id=tintin')).body.total).toBe(1);

      expect((await remove(id, { 'if-match': made(tagOf(current)) }, key)).status).toBe(204);
      expectProblem(await get(`/quotes/${id}`), 404, 'not-found');
    }
  });

  it('changes when the user who signed is removed', async () => {
    const added = await add({}, tintin);
    succeeded(await call(users, 'DELETE /users/tintin', { key: ADMIN_KEY }));
    const refused = await change(added.body.id, { lang: 'nl' }, { ifMatch: tagOf(added) });
    expectProblem(refused, 412, 'precondition-failed');
  });
});

describe('If-None-Match of a write', () => {
  it.each([
    ['any', () => '*'],
    ['the current tag', (tag: string) => tag],
    ['a weak tag in a list', (tag: string) => `"other", W/${tag}`],
    ['the tag of a coded answer', (tag: string) => `${tag.slice(0, -1)}-gzip"`],
  ])('refuses a quote that has it: %s', async (_name, made) => {
    const added = await add({}, haddock);
    const { id } = added.body;
    const headers = { 'if-none-match': made(tagOf(added)) };
    const json = { lang: 'nl' };
    for (const [method, body] of [
      ['PATCH', { json }],
      ['DELETE', {}],
    ] as const) {
      const write = (path: string, key: string) =>
        call(quotes, `${method} ${path}`, { key, headers, ...body });
      expectProblem(await write(`/quotes/${id}`, haddock), 412, 'precondition-failed');
      expectProblem(await write(`/quotes/${id}`, tintin), 403, 'forbidden');
      expectProblem(await write('/quotes/404', ADMIN_KEY), 404, 'not-found');
    }
    expect((await get(`/quotes/${id}`)).body).toEqual(added.body);
  });

  it('lets a quote pass that has another tag', async () => {
    const { id } = (await add()).body;
    const headers = { 'if-none-match': '"0123456789abcdef", "other"' };
    const changed = await call(quotes, `PATCH /quotes/${id}`, {
      ...{ key: ADMIN_KEY, headers },
      json: { lang: 'nl' },
    });
    expect(changed.status).toBe(200);
    expect((await remove(id, { ...headers, 'if-match': tagOf(changed) })).status).toBe(204);
  });
});

it.each<Record<string, string>>([{ 'if-match': '"x"' }, { 'if-none-match': '*' }])(
  'no quote is added to a list that is not as wanted: %j',
  async (headers) => {
    const post = (json: object, key = ADMIN_KEY) =>
      call(quotes, 'POST /quotes', { key, json, headers });
    expectProblem(await post(SAID), 412, 'precondition-failed');
    expectProblem(await post({}), 400, 'invalid-request');
    expectProblem(await post({ ...SAID, user_id: 'haddock' }, tintin), 403, 'forbidden');
    expect((await get('/quotes')).body.total).toBe(0);
  },
);

const swapCase = (text: string) =>
  text.replace(/[a-z]/gi, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()));

describe('changes at once', () => {
  it('of different fields lose nothing of each other', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id } = (await add()).body;
      const fields = {
        quote: `Tonnerre ${round}`,
        author: `Tintin ${round}`,
        source: `Tome ${round}`,
        lang: 'nl',
        tags: [`tag ${round}`],
        user_id: 'haddock',
      };
      const answers = await Promise.all(
        Object.entries(fields).map(([field, value], i) =>
          change(id, { [field]: value }, { service: i % 2 ? quotes : replica }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
      expect((await get(`/quotes/${id}`)).body).toMatchObject(fields);
      expect((await get('/quotes?user_id=haddock')).body.total).toBe(round + 1);
    }
  });

  it('with the same tag are won by one', async () => {
    for (let round = 0; round < 5; round += 1) {
      const added = await add();
      const { id } = added.body;
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          change(
            id,
            { author: `Tintin ${i}` },
            { ifMatch: tagOf(added), service: i % 2 ? quotes : replica },
          ),
        ),
      );
      const [winner, ...others] = answers.filter(({ status }) => status === 200);
      expect(others).toEqual([]);
      for (const loser of answers)
        if (loser !== winner) expectProblem(loser, 412, 'precondition-failed');
      expect((await get(`/quotes/${id}`)).body).toEqual(winner?.body);
    }
  });

  it('and a deletion leave nothing behind', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id } = (await add({}, tintin)).body;
      const [changed, deleted] = await Promise.all([
        change(id, { quote: 'x', user_id: 'haddock' }),
        call(replica, `DELETE /quotes/${id}`, { key: ADMIN_KEY }),
      ]);
      expect([200, 404]).toContain(changed.status);
      expect(deleted.status).toBe(204);
      expectProblem(await get(`/quotes/${id}`), 404, 'not-found');
    }
    const left = (await platform.keys('{q*')).filter((key) => !/:(authors|clock|log)$/.test(key));
    expect(left).toEqual([]);
  });

  it('and the removal of the user who is to sign leave no signature of nobody', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 20; i += 1) ids.push((await add()).body.id);
    const [, ...answers] = await Promise.all([
      call(users, 'DELETE /users/haddock', { key: ADMIN_KEY }),
      ...ids.map((id) => change(id, { user_id: 'haddock' })),
    ]);
    for (const { status } of answers) expect([200, 422]).toContain(status);
    expect((await get('/quotes?user_id=haddock')).body.total).toBe(0);
    for (const { user_id } of (await get('/quotes?limit=100')).body.items)
      expect(user_id).toBeNull();
  });
});
