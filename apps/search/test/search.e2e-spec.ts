import { eventually } from '#libs/testing/eventually.ts';
import { basic, call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let users: ServiceProcess;
let quotes: ServiceProcess;
let search: ServiceProcess;

beforeAll(async () => {
  await platform.start();
  [users, quotes, search] = (await Promise.all(
    ['users', 'quotes', 'search'].map((app) => platform.service(app)),
  )) as [ServiceProcess, ServiceProcess, ServiceProcess];
  succeeded(
    await call(users, 'POST /users', {
      key: ADMIN_KEY,
      json: { id: 'tintin', name: 'T', password: secret('tintin') },
    }),
  );
});
afterAll(() => platform.stop());

const add = async (quote: string, key = ADMIN_KEY): Promise<string> =>
  succeeded(await call(quotes, 'POST /quotes', { key, json: { quote } })).body.id;
const find = (keyword: string, more = '') =>
  call(search, `GET /search?keyword=${encodeURIComponent(keyword)}${more}`);
const remove = (id: string) => call(quotes, `DELETE /quotes/${id}`, { key: ADMIN_KEY });

/** Waits until a search finds so many. */
const finds = (keyword: string, total: number, more = '') =>
  eventually(async () => {
    const answer = await find(keyword, more);
    expect(answer.body.total).toBe(total);
    return answer;
  });

it('finds a new quote without its accents, and not after it is deleted', async () => {
  const key = basic('tintin', secret('tintin'));
  const json = { quote: "L'été, Éole écrase Œdipe <b>", author: 'Éole', tags: ['vent'] };
  const { body: added } = succeeded(await call(quotes, 'POST /quotes', { key, json }));
  const { id } = added;

  const answer = await finds('ECRASE oedip', 1);
  expect(answer).toMatchObject({
    status: 200,
    body: {
      items: [
        {
          ...added,
          score: expect.any(Number),
          highlight: expect.stringMatching(/<mark>écrase<\/mark> <mark>Œdipe<\/mark> &lt;b&gt;/),
        },
      ],
      total: 1,
    },
  });
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(Object.keys(answer.body.items[0]).sort()).toEqual([
    'author',
    'created_at',
    'highlight',
    'id',
    'lang',
    'quote',
    'score',
    'source',
    'tags',
    'updated_at',
    'user_id',
  ]);

  await remove(id);
  // No search after the answer to the deletion shows the quote, even if the index does not know
  // of the deletion yet.
  expect((await find('ecrase')).body).toMatchObject({ items: [], total: 0 });
});

it('leaves out a quote that is gone, even if the index has not heard of it', async () => {
  const kept = await add('fugace, durable');
  const gone = await add('fugace');
  await finds('fugace', 2);
  // The log does not tell of this deletion, as if the search came before the news of it.
  const document = (await platform.redis.get(`{q0}:quote:${gone}`)) ?? '';
  await platform.redis.multi().del(`{q0}:quote:${gone}`).zrem('{q0}:quotes', gone).exec();

  for (const limit of [1, 20]) {
    const { body } = await find('fugace', `&limit=${limit}`);
    expect(body).toMatchObject({ items: [{ id: kept }], total: 1 });
  }
  // Nor of its return: the index has it still, since what a search missed changes nothing there.
  await platform.redis
    .multi()
    .set(`{q0}:quote:${gone}`, document)
    .zadd('{q0}:quotes', gone, gone)
    .exec();
  const { body } = await find('fugace');
  expect(body).toMatchObject({ items: [{ id: gone }, { id: kept }], total: 2 });
});

it('finds a changed quote by its new words, and by its old ones no more', async () => {
  const id = await add('rascasse volante');
  await finds('rascasse', 1);
  const change = async (json: object) =>
    succeeded(await call(quotes, `PATCH /quotes/${id}`, { key: ADMIN_KEY, json })).body;

  const changed = await change({ quote: 'moule voyageuse', lang: 'fr' });
  const { body } = await finds('moule', 1);
  expect(body.items[0]).toMatchObject(changed);
  expect(body.items[0].highlight).toBe('<mark>moule</mark> voyageuse');
  await finds('rascasse', 0);

  const signed = await change({ quote: 'crustacé volant', user_id: 'tintin' });
  expect((await finds('crustace', 1, '&user_id=tintin')).body.items[0]).toMatchObject(signed);
  await finds('moule', 0);
  // A replica that starts later has never seen the old words.
  const late = await platform.service('search');
  expect((await call(late, 'GET /search?keyword=rascasse')).body.total).toBe(0);
  expect((await call(late, 'GET /search?keyword=crustace')).body.total).toBe(1);
});

it('wants all words, ranks the better match first, and pages', async () => {
  for (const quote of [
    'tonnerre de Brest',
    'tonnerre, mille fois tonnerre, loin de tout, à Brest',
    'tonnerre',
  ])
    await add(quote);

  // Scores depend on all quotes, so that all must have arrived before they are compared.
  await finds('tonnerre', 3);
  const all = await finds('tonnerre brest', 2);
  expect(all.body.items[0].quote).toBe('tonnerre de Brest');
  expect(all.body.items[0].score).toBeGreaterThan(all.body.items[1].score);
  const second = await find('tonnerre brest', '&limit=1&offset=1');
  expect(second.body).toMatchObject({ items: [all.body.items[1]], total: 2 });
  expect((await find('tonnerre brest', '&offset=2')).body).toMatchObject({ items: [], total: 2 });
});

it('finds inflected forms, in the language of the quote', async () => {
  for (const lang of ['fr', 'en', 'ru']) {
    const json = { quote: `les éléphants ${lang}`, lang };
    succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json }));
    await finds(`éléphants ${lang}`, 1);
  }
  const { body } = await find('"les" éléphant fr');
  expect(body).toMatchObject({ total: 1, corrected: null, relaxed: [] });
  expect(body.items[0].highlight).toBe('<mark>les</mark> <mark>éléphants</mark> <mark>fr</mark>');
  const elephant = await find('-ru "les" éléphante');
  expect(elephant.body).toMatchObject({ total: 2, corrected: null });
});

it('says how it understood a query that finds little', async () => {
  await add('Le bien-être des ornithorynques');
  await finds('ornithorynques', 1);
  const split = await find('bienêtre des ornithorynques');
  expect(split.body).toMatchObject({
    total: 1,
    corrected: 'bien être des ornithorynques',
    relaxed: [],
  });
  expect(split.body.items[0].highlight).toMatch(/<mark>bien<\/mark>-<mark>être<\/mark>/);
  const misspelt = await find('bien "être" ornitorynques');
  expect(misspelt.body).toMatchObject({ total: 1, corrected: 'bien "être" ornithorynques' });
  const relaxed = await find('être ornithorynques zzz');
  expect(relaxed.body).toMatchObject({ total: 1, corrected: null, relaxed: ['zzz'] });
  const nothing = await find('zzz');
  expect(nothing.body).toEqual({ items: [], total: 0, corrected: null, relaxed: [] });
});

it('finds quotes by author, source and tag, narrows what it finds, and counts it', async () => {
  const add = async (json: object) =>
    succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json })).body.id;
  const said = await add({
    quote: 'Chaos partout',
    author: 'Zénobie Flouc',
    source: 'Gazette des flots',
    lang: 'fr',
    tags: ['zizanie', 'mer'],
  });
  const about = await add({ quote: 'Zenobie Flouc l’a dit', author: 'ZÉNOBIE FLOUC', lang: 'fr' });
  const third = await add({ quote: 'zenobie said flouc', lang: 'en', tags: ['zizanie'] });

  const { body } = await finds('zenobie flouc', 3, '&facets=lang,author,tag');
  const ids = body.items.map(({ id }: { id: string }) => id);
  expect(ids).toEqual([about, said, third]);
  expect(body.items[1].highlight).toBe('Chaos partout');
  expect(body.facets).toEqual({
    author: [{ name: expect.stringMatching(/^z.nobie flouc$/i), quotes: 2 }],
    tag: [
      { name: 'zizanie', quotes: 2 },
      { name: 'mer', quotes: 1 },
    ],
    lang: [
      { name: 'fr', quotes: 2 },
      { name: 'en', quotes: 1 },
    ],
  });
  for (const [keyword, more, expected] of [
    ['gazette', '', [said]],
    ['zizanie', '', [third, said]],
    ['"flouc gazette"', '', []],
    ['zenobie', '&lang=en', [third]],
    ['flouc', '&author=zenobie%20flouc', [about, said]],
    ['flouc', '&author=zenobie%20flouc&tag=MER', [said]],
    ['flouc', '&tag=nothing&facets=tag', []],
  ] as const) {
    const { body } = await find(keyword, more);
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(expected);
    expect(body.total).toBe(expected.length);
  }
  expect((await find('flouc', '&tag=nothing&facets=tag')).body.facets).toEqual({ tag: [] });
  expect((await find('flouc')).body).not.toHaveProperty('facets');
  expectProblem(await find('flouc', '&facets=user_id'), 400, 'invalid-request');
  expectProblem(await find('flouc', '&author='), 400, 'invalid-request');
});

it('suggests authors, then completed words that stand together, as quotes spell them', async () => {
  const add = async (quote: string, author: string | null = null) =>
    succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json: { quote, author } }));
  const suggest = (prefix: string, more = '') =>
    call(search, `GET /search/suggest?prefix=${encodeURIComponent(prefix)}${more}`);
  await add('Échalotes et cornichons à Échirolles');
  await add('des échalotes', 'Léa Échabert');
  await add('les échardes de Paul', 'LÉA ÉCHABERT');
  await eventually(async () => {
    const { body } = await suggest('écha');
    expect(body.items).toEqual([
      { text: expect.stringMatching(/^Léa Échabert$/i), quotes: 2 },
      // A word of authors is one too.
      { text: expect.stringMatching(/^Échabert$/i), quotes: 2 },
      { text: 'échalotes', quotes: 2 },
      { text: 'échardes', quotes: 1 },
    ]);
  });
  const answer = await suggest('Des  echal', '&limit=1');
  expect(answer).toMatchObject({
    status: 200,
    body: { items: [{ text: 'Des  échalotes', quotes: 1 }] },
  });
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('etag')).toBeTruthy();
  expect(answer.headers.get('cache-control')).toBe(
    (await find('echalotes')).headers.get('cache-control'),
  );
  expect((await suggest('cornichons ech')).body.items).toEqual([
    { text: 'cornichons échalotes', quotes: 1 },
    { text: 'cornichons Échirolles', quotes: 1 },
  ]);
  expect((await suggest('lea echab')).body.items[0].text).toMatch(/^Léa Échabert$/i);
  expect((await suggest('xyzzy')).body).toEqual({ items: [] });
  for (const refused of ['', 'a'.repeat(101), 'a b c d e f g h i j k l m n o p q']) {
    expectProblem(await suggest(refused), 400, 'invalid-request');
  }
  expectProblem(await suggest('a', '&limit=21'), 400, 'invalid-request');
});

it('leaves a removed user unsigned, and finds nothing by that author', async () => {
  succeeded(
    await call(users, 'POST /users', {
      key: ADMIN_KEY,
      json: { id: 'dupont', name: 'D', password: secret('dupont') },
    }),
  );
  await add('botus et mouche cousue', basic('dupont', secret('dupont')));
  await finds('botus', 1, '&user_id=dupont');

  succeeded(await call(users, 'DELETE /users/dupont', { key: ADMIN_KEY }));
  await finds('botus', 0, '&user_id=dupont');
  expect((await finds('botus', 1)).body.items[0].user_id).toBeNull();
});

it.each([
  ['no keyword', ''],
  ['an empty keyword', '?keyword='],
  ['two keywords', '?keyword=a&keyword=b'],
  ['a keyword of 10,000 characters', `?keyword=${'x'.repeat(10_000)}`],
  ['17 different words', `?keyword=${Array.from({ length: 17 }, (_, i) => `w${i}`).join('+')}`],
  ['9 phrases', `?keyword=${Array.from({ length: 9 }, (_, i) => `"a+b${i}"`).join('+')}`],
  ['9 exclusions', `?keyword=a${Array.from({ length: 9 }, (_, i) => `+-b${i}`).join('')}`],
  ['a phrase of 17 words', `?keyword="${'a+'.repeat(17)}"`],
])('refuses %s', async (_name, query) => {
  const answer = await call(search, `GET /search${query}`);
  expectProblem(answer, 400, 'invalid-request');
  expect(answer.body.errors[0].field).toBe('keyword');
});

it.each(['!?', '🐙', '"', '-', '--"-"', '\u0301'])(
  'finds nothing for %j, which has no word, and says so calmly',
  async (keyword) => {
    expect(await find(keyword)).toMatchObject({ status: 200, body: { items: [], total: 0 } });
  },
);

it.each([
  ['emoji', 'le 🐋 souffle', '🐋'],
  ['a family of emoji', 'en route 👨‍👩‍👧', '👨‍👩‍👧'],
  ['Chinese', '吾輩は猫である', '猫'],
  ['combining marks', 'le cre\u0301puscule', 'crépuscule'],
  ['letters without marks', 'la forêt', 'fore\u0302t'],
])('finds %s', async (_name, quote, keyword) => {
  const id = await add(quote);
  const { body } = await finds(keyword, 1);
  expect(body.items[0].id).toBe(id);
});

it('answers a query of 500 words', async () => {
  const id = await add('a b c d e f g h i j');
  const { body } = await finds(
    Array.from({ length: 500 }, (_, i) => 'abcdefghij'[i % 10]).join(' '),
    1,
  );
  expect(body.items[0].id).toBe(id);
});

it('finds at the start what was there before', async () => {
  await add('antédiluvien');
  const late = await platform.service('search');

  expect((await call(late, 'GET /search?keyword=antediluvien')).body.total).toBe(1);
});
