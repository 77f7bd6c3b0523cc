import { type Answer, basic, call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

interface Quote {
  id: string;
  quote: string;
  user_id: string | null;
  created_at: string;
}

const platform = new Platform();
let users: ServiceProcess;
let quotes: ServiceProcess;

beforeAll(async () => {
  await platform.start();
  [users, quotes] = await Promise.all([platform.service('users'), platform.service('quotes')]);
});
afterAll(() => platform.stop());
beforeEach(async () => {
  await platform.flush();
  for (const id of ['tintin', 'haddock']) {
    succeeded(
      await call(users, 'POST /users', {
        key: ADMIN_KEY,
        json: { id, name: id, password: secret(id) },
      }),
    );
  }
});

const tintin = basic('tintin', secret('tintin'));
const haddock = basic('haddock', secret('haddock'));
const add = (quote: string, key = ADMIN_KEY, user_id?: string | null) =>
  call(quotes, 'POST /quotes', { key, json: { quote, ...(user_id !== undefined && { user_id }) } });
const get = (path: string) => call(quotes, `GET ${path}`);
const remove = (id: string, key?: string) =>
  call(quotes, `DELETE /quotes/${id}`, key === undefined ? {} : { key });

/** All quotes, page by page; `between` runs after each page. */
async function walk(
  query: string,
  between: () => Promise<unknown> = async () => {},
): Promise<Quote[]> {
  const seen: Quote[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body } = await get(`/quotes?${query}${cursor && `&cursor=${cursor}`}`);
    seen.push(...body.items);
    cursor = body.next;
    await between();
  }
  return seen;
}

describe('POST /quotes', () => {
  it('creates a quote, whose address it tells', async () => {
    const before = Date.now();
    const answer = await add('  Tonnerre de Brest !\n', ADMIN_KEY, 'haddock');

    expect(answer).toMatchObject({
      status: 201,
      body: { quote: 'Tonnerre de Brest !', user_id: 'haddock' },
    });
    expect(answer.headers.get('location')).toBe(`/quotes/${answer.body.id}`);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^\d+$/),
      quote: 'Tonnerre de Brest !',
      author: null,
      source: null,
      lang: null,
      tags: [],
      user_id: 'haddock',
      created_at: expect.any(String),
      updated_at: answer.body.created_at,
    });
    expect(Date.parse(answer.body.created_at)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(answer.body.created_at)).toBeLessThanOrEqual(Date.now());
    const read = await get(`/quotes/${answer.body.id}`);
    expect(read).toMatchObject({ status: 200, body: answer.body });
    expect(read.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it.each([
    ['left out', undefined],
    ['null', null],
  ])('leaves a quote unsigned when user_id is %s', async (_name, userId) => {
    expect(succeeded(await add('Wooah', ADMIN_KEY, userId)).body.user_id).toBeNull();
  });

  it('refuses an author who does not exist', async () => {
    expectProblem(await add('Ciel', ADMIN_KEY, 'castafiore'), 422, 'unknown-user');
    expect((await get('/quotes')).body.total).toBe(0);
  });

  it.each([
    ['quotation marks and braces', 'a "quote" \\ {"user_id":"tintin"}'],
    ['something like the author field', '"user_id":"haddock"'],
    ['an emoji of several code points', '👩‍👩‍👧 et 🐕'],
    ['line breaks and tabs', 'un\r\n\tdeux'],
    ['markup', '<script>alert(1)</script>'],
    ['the longest text, in characters', '🐋'.repeat(2000)],
  ])('keeps %s as written', async (_name, text) => {
    const { body } = succeeded(await add(text, ADMIN_KEY, 'tintin'));
    expect(body.quote).toBe(text);
    expect((await get(`/quotes/${body.id}`)).body).toEqual(body);
    // A script assembles the stored text, and unsigning must not touch the wrong part of it.
    succeeded(await call(users, 'DELETE /users/tintin', { key: ADMIN_KEY }));
    expect((await get(`/quotes/${body.id}`)).body).toEqual({ ...body, user_id: null });
  });

  it('keeps who said it, where, in which language, and its tags', async () => {
    const json = {
      quote: 'Tonnerre de Brest !',
      author: ' Archibald "Bachi" Haddock ',
      source: '","author":"nobody',
      lang: 'FRE',
      tags: ['Colère', ' mer ', 'colère'],
      user_id: 'tintin',
    };
    const said = {
      ...json,
      author: 'Archibald "Bachi" Haddock',
      lang: 'fr',
      tags: ['colère', 'mer'],
    };
    const { body } = succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json }));
    expect(body).toMatchObject(said);

    const { id } = body;
    expect((await get(`/quotes/${id}`)).body).toEqual(body);
    expect((await get('/quotes')).body.items).toEqual([body]);
    expect((await get(`/quotes?ids=${id}`)).body.items).toEqual([body]);
    expect((await get('/quotes/random')).body).toEqual(body);
    succeeded(await call(users, 'DELETE /users/tintin', { key: ADMIN_KEY }));
    expect((await get(`/quotes/${id}`)).body).toEqual({ ...body, user_id: null });
  });

  it.each([
    ['author', 'x'.repeat(101), 'must have at most 100 characters'],
    ['author', '\u200b', 'must hold something visible'],
    ['author', ['Haddock'], 'must be a string'],
    ['source', '🐋'.repeat(201), 'must have at most 200 characters'],
    ['source', '', 'must hold readable characters and no control characters'],
    ['lang', 'french', 'must be a code of ISO 639, such as en'],
    ['lang', 'xx', 'must be a code of ISO 639, such as en'],
    ['tags', 'colère', 'must be a list of tags'],
    ['tags', Array.from({ length: 11 }, (_, i) => `tag ${i}`), 'must be at most 10 tags'],
    ['tags.1', ['mer', 'x'.repeat(33)], 'must have at most 32 characters'],
    // In lower case this letter has two characters.
    ['tags.0', ['İ'.repeat(17)], 'must have at most 32 characters'],
    ['tags.0', [' \u2060 '], 'must hold something visible'],
    ['updated_at', '2026-11-21T16:00:00.000Z', 'is not a known field'],
  ])('refuses %s %j', async (field, value, message) => {
    const json = { quote: 'x', [field.split('.')[0] ?? '']: value };
    const answer = await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json });
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).toEqual([{ field, message }]);
  });

  it('accepts the longest of everything, also as null', async () => {
    const longest = {
      quote: '🐋'.repeat(2000),
      author: '🐋'.repeat(100),
      source: '🐋'.repeat(200),
      lang: 'grc',
      tags: Array.from({ length: 10 }, (_, i) => `${'🐋'.repeat(31)}${i}`),
    };
    const nothing = { quote: 'x', author: null, source: null, lang: null, tags: null };
    for (const json of [longest, nothing]) {
      const { body } = succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json }));
      expect(body).toMatchObject({ ...json, tags: json.tags ?? [] });
      expect((await get(`/quotes/${body.id}`)).body).toEqual(body);
    }
  });

  it('accepts the same text twice', async () => {
    const ids = [
      succeeded(await add('Allô, allô ?')).body.id,
      succeeded(await add('Allô, allô ?')).body.id,
    ];
    expect(new Set(ids).size).toBe(2);
  });
});

describe('GET /quotes', () => {
  it('lists newest first, 20 at a time', async () => {
    for (let i = 0; i < 21; i += 1) succeeded(await add(`quote ${i}`));

    const { body } = await get('/quotes');
    expect(body.total).toBe(21);
    expect(body.items.map(({ quote }: Quote) => quote)).toEqual(
      Array.from({ length: 20 }, (_, i) => `quote ${20 - i}`),
    );
    expect(body.next).toBe(body.items[19].id);
    const last = await get(`/quotes?cursor=${body.next}`);
    expect(last.body).toMatchObject({ items: [{ quote: 'quote 0' }], total: 21, next: null });
  });

  it('shows every quote exactly once to a walk while others write and delete', async () => {
    const there: string[] = [];
    for (let i = 0; i < 30; i += 1) there.push(succeeded(await add(`quote ${i}`)).body.id);
    const [gone = '', ...kept] = there;

    let first = true;
    const seen = await walk('limit=7', async () => {
      await Promise.all([add('new'), add('newer'), first ? remove(gone, ADMIN_KEY) : undefined]);
      first = false;
    });
    expect(seen.map(({ id }) => id)).toEqual(kept.reverse());
  });

  it('gives every quote of concurrent writers its own id, in order of creation', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, i) => add(`quote ${i}`)));

    const ids = (await walk('limit=100')).map(({ id }) => Number(id));
    expect(new Set(ids).size).toBe(60);
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  });

  it('lists one author', async () => {
    succeeded(await add('un', tintin));
    succeeded(await add('deux', haddock));
    succeeded(await add('trois', tintin));

    expect((await walk('user_id=tintin&limit=1')).map(({ quote }) => quote)).toEqual([
      'trois',
      'un',
    ]);
    expect((await get('/quotes?user_id=tintin')).body.total).toBe(2);
    expect((await get('/quotes?user_id=nobody')).body).toEqual({ items: [], total: 0, next: null });
  });
});

describe('GET /quotes?ids', () => {
  const idsOf = ({ body }: Answer) => body.items.map(({ id }: Quote) => id);

  it('answers with the quotes in the order asked, without those that are not there', async () => {
    const [first, second, third] = [await add('un', tintin), await add('deux'), await add('trois')];
    await remove(third.body.id, ADMIN_KEY);

    const ids = `${second.body.id},404,${first.body.id},${third.body.id}`;
    const answer = await get(`/quotes?ids=${ids}`);
    expect(answer).toMatchObject({
      status: 200,
      body: { items: [second.body, first.body], total: 2, next: null },
    });
    expect(Object.keys(answer.body)).toEqual(['items', 'total', 'next']);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const none = { items: [], total: 0, next: null };
    expect((await get('/quotes?ids=404')).body).toEqual(none);
  });

  it('counts an id given twice once, where it stands first', async () => {
    const [a, b] = [(await add('un')).body.id, (await add('deux')).body.id];
    expect(idsOf(await get(`/quotes?ids=${b},${a},${b}`))).toEqual([b, a]);
  });

  it('takes a hundred ids, and no more', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 100; i += 1) ids.push((await add(`quote ${i}`)).body.id);
    expect(idsOf(await get(`/quotes?ids=${ids}`))).toEqual(ids);

    const tooMany = await get(`/quotes?ids=${ids},${ids[0]}`);
    expectProblem(tooMany, 400, 'invalid-request');
    expect(tooMany.body.errors).toEqual([{ field: 'ids', message: 'must be at most 100 ids' }]);
  });

  it('minds no limit, which generated clients send with every call', async () => {
    const ids = [(await add('un')).body.id, (await add('deux')).body.id];
    expect(idsOf(await get(`/quotes?limit=1&ids=${ids}`))).toEqual(ids);
  });

  it.each([
    ['cursor=1', 'cursor'],
    ['user_id=tintin', 'user_id'],
    ['author=Haddock', 'author'],
    ['tag=mer', 'tag'],
    ['lang=fr', 'lang'],
  ])('goes with no other parameter, as %s', async (other, field) => {
    for (const query of [`ids=1&${other}`, `${other}&ids=1`]) {
      const answer = await get(`/quotes?${query}`);
      expectProblem(answer, 400, 'invalid-request');
      const message = 'must not be given together with ids';
      expect(answer.body.errors).toEqual([{ field, message }]);
    }
  });

  it('says which id is none', async () => {
    const { body } = await get('/quotes?ids=1,x,2');
    expect(body.errors).toEqual([{ field: 'ids.1', message: 'must be 1 to 16 decimal digits' }]);
  });
});

describe('GET /quotes/random', () => {
  it('is absent when there is no quote, and after the last is deleted', async () => {
    expectProblem(await get('/quotes/random'), 404, 'not-found');
    const { body } = succeeded(await add('seule'));
    expect((await get('/quotes/random')).body).toEqual(body);
    await remove(body.id, ADMIN_KEY);
    expectProblem(await get('/quotes/random'), 404, 'not-found');
  });

  it('draws every quote sooner or later', async () => {
    const ids = [
      succeeded(await add('un')).body.id,
      succeeded(await add('deux')).body.id,
      succeeded(await add('trois')).body.id,
    ];
    const drawn = new Set<string>();
    // The chance that 200 draws miss one of three is below 1e-34.
    for (let i = 0; i < 200; i += 1) drawn.add((await get('/quotes/random')).body.id);

    expect([...drawn].sort()).toEqual(ids.sort());
  });
});

describe('DELETE /quotes/{id}', () => {
  it('removes a quote from every list, once', async () => {
    const { body } = succeeded(await add('Mille sabords', haddock));

    expect(await remove(body.id, ADMIN_KEY)).toMatchObject({ status: 204, body: '' });
    expectProblem(await get(`/quotes/${body.id}`), 404, 'not-found');
    expectProblem(await remove(body.id, ADMIN_KEY), 404, 'not-found');
    for (const path of ['/quotes', '/quotes?user_id=haddock']) {
      expect((await get(path)).body).toEqual({ items: [], total: 0, next: null });
    }
  });

  it.each([
    ['nobody', undefined],
    ['a wrong key', secret('other')],
  ])('refuses %s', async (_name, key) => {
    const { body } = succeeded(await add('Mille sabords'));
    expectProblem(await remove(body.id, key), 401, 'unauthorized');
    expect((await get(`/quotes/${body.id}`)).status).toBe(200);
  });
});

describe('the credentials of a user', () => {
  it('sign the quotes they add', async () => {
    expect(succeeded(await add('Milou !', tintin)).body.user_id).toBe('tintin');
    expect(succeeded(await add('Milou !', tintin, 'tintin')).body.user_id).toBe('tintin');
  });

  it('do not sign for another', async () => {
    expectProblem(await add('Mille sabords', tintin, 'haddock'), 403, 'forbidden');
    expect((await get('/quotes')).body.total).toBe(0);
  });

  it('delete the quotes of that user only', async () => {
    const mine = succeeded(await add('Milou !', tintin)).body.id;
    const other = succeeded(await add('Mille sabords', haddock)).body.id;
    const unsigned = succeeded(await add('Wooah')).body.id;

    expectProblem(await remove(other, tintin), 403, 'forbidden');
    expectProblem(await remove(unsigned, tintin), 403, 'forbidden');
    expectProblem(await remove('404', tintin), 404, 'not-found');
    expect((await remove(mine, tintin)).status).toBe(204);
    expect((await get('/quotes')).body.total).toBe(2);
  });

  it('count at once when a user comes, and no longer when the user is gone', async () => {
    expect((await add('avant', tintin)).status).toBe(201);
    succeeded(await call(users, 'DELETE /users/tintin', { key: ADMIN_KEY }));
    expectProblem(await add('après', tintin), 401, 'unauthorized');

    // The same id with another password is another user, for whom nothing may be remembered.
    succeeded(
      await call(users, 'POST /users', {
        key: ADMIN_KEY,
        json: { id: 'tintin', name: 'T', password: secret('new') },
      }),
    );
    expectProblem(await add('après', tintin), 401, 'unauthorized');
    expect((await add('après', basic('tintin', secret('new')))).status).toBe(201);
  });

  it.each([
    ['a wrong password', basic('tintin', secret('wrong'))],
    ['an empty password', basic('tintin', '')],
    ['the password of another', basic('tintin', secret('haddock'))],
    ['an unknown user', basic('castafiore', secret('tintin'))],
    ['an id that cannot be', basic('../tintin', secret('tintin'))],
    ['the stored hash itself', basic('tintin', '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA')],
    ['no colon', `Basic ${Buffer.from('tintin').toString('base64')}`],
    ['no Base64', 'Basic tintin:x'],
    ['nothing after the scheme', 'Basic '],
    ['the admin key as password', basic('admin', ADMIN_KEY)],
    ['another scheme', `Digest ${Buffer.from(`tintin:${secret('tintin')}`).toString('base64')}`],
  ])('are refused: %s', async (_name, authorization) => {
    const answer = await add('Ciel', authorization);

    expectProblem(answer, 401, 'unauthorized');
    expect(answer.headers.get('www-authenticate')).toContain('Basic realm=');
    expect((await get('/quotes')).body.total).toBe(0);
  });

  it('may hold a colon and any character in the password', async () => {
    const password = secret(':é🐋:');
    succeeded(
      await call(users, 'POST /users', {
        key: ADMIN_KEY,
        json: { id: 'nestor', name: 'Nestor', password },
      }),
    );
    expect((await add('Bien, Monsieur', basic('nestor', password))).status).toBe(201);
  });
});

describe('the removal of a user', () => {
  it('leaves the quotes, unsigned, and takes them from the list of the author', async () => {
    const ids: string[] = [];
    // These need more than one batch of the script that unsigns.
    for (let i = 0; i < 130; i += 1)
      ids.push(succeeded(await add(`quote ${i}`, ADMIN_KEY, 'tintin')).body.id);
    const other = succeeded(await add('Mille sabords', haddock)).body;

    succeeded(await call(users, 'DELETE /users/tintin', { key: ADMIN_KEY }));
    expect((await get('/quotes?user_id=tintin')).body).toEqual({ items: [], total: 0, next: null });
    const all = await walk('limit=100');
    expect(all[0]).toEqual(other);
    expect(all.slice(1)).toEqual(
      ids
        .map((id, i) => ({
          id,
          quote: `quote ${i}`,
          author: null,
          source: null,
          lang: null,
          tags: [],
          user_id: null,
          created_at: expect.any(String),
          updated_at: expect.any(String),
        }))
        .reverse(),
    );
    expectProblem(await add('encore', ADMIN_KEY, 'tintin'), 422, 'unknown-user');
  });
});
