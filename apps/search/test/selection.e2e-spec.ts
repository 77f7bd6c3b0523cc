import { decodeQuote, encodeQuote, type Quote } from '#libs/quotes/quote.document.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { basic, call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
const keys = shardKeys(0);
let quotes: ServiceProcess;
let search: ServiceProcess;
/** By the text of each quote, its id. */
const ids = new Map<string, string>();

const QUOTES = [
  { quote: 'mille sabords', author: 'Archibald Haddock', lang: 'fr', tags: ['mer', 'Colère'] },
  { quote: 'moule à gaufres', author: 'archibald haddock', lang: 'fr', tags: ['colere'] },
  { quote: 'thundering typhoons', author: 'Archibald HADDOCK', lang: 'en', tags: ['mer'] },
  { quote: 'je dirais même plus', author: 'Dupond', lang: 'fr', tags: [] },
  { quote: '🐋🐋', author: null, lang: null, tags: ['mer'] },
  { quote: 'un peu plus à l’ouest', author: 'Archibald Haddock', lang: 'fr', tags: ['mérou'] },
];

beforeAll(async () => {
  await platform.start();
  const [users, ...others] = await Promise.all(
    ['users', 'quotes', 'search'].map((app) => platform.service(app)),
  );
  [quotes, search] = others as [ServiceProcess, ServiceProcess];
  const json = { id: 'tintin', name: 'T', password: secret('tintin') };
  succeeded(await call(users as ServiceProcess, 'POST /users', { key: ADMIN_KEY, json }));
  for (const quote of QUOTES) await add(quote, ADMIN_KEY);
  await add({ quote: 'crénom', lang: 'fr' }, basic('tintin', secret('tintin')));
  await selects('', [...ids.keys()].reverse());
});
afterAll(() => platform.stop());

async function add(json: { quote: string; [field: string]: unknown }, key = ADMIN_KEY) {
  const { body } = succeeded(await call(quotes, 'POST /quotes', { key, json }));
  ids.set(json.quote, body.id);
  return body.id as string;
}

const select = (query: string, service = search) => call(service, `GET /selection${query}`);

/** Waits until exactly these texts are selected, in this order. */
const selects = (query: string, texts: string[], service = search) =>
  eventually(async () => {
    const { body } = await select(query, service);
    expect(body).toEqual({
      ids: texts.map((text) => ids.get(text)),
      total: texts.length,
      next: null,
    });
  });

/** Changes a quote as the script of an update does, or as if the log had lost the update. */
async function change(id: string, changes: Partial<Quote>, log = true): Promise<void> {
  const stored = decodeQuote((await platform.redis.get(keys.quote + id)) ?? '');
  const document = encodeQuote({ ...stored, updated_at: new Date().toISOString(), ...changes });
  const transaction = platform.redis.multi().set(keys.quote + id, document);
  if (log) transaction.xadd(keys.log, '*', 'u', id);
  await transaction.exec();
}

const [mille = '', moule = ''] = QUOTES.map(({ quote }) => quote);

describe('quotes are selected', () => {
  it.each([
    ['by author, blind to case and accents', '?author=ARCHIBALD+h%C3%A4ddock', 4],
    ['by tag, blind to case and accents', '?tag=COLERE', 2],
    ['by language', '?lang=FRA', 5],
    ['by the user who signed', '?user_id=tintin', 1],
    ['by all of these', '?author=archibald%20haddock&tag=m%C3%A9r&lang=fr', 1],
    ['by an author whom no quote has', '?author=Milou', 0],
    ['by a user who signed none', '?user_id=milou', 0],
    ['by a language that none has', '?lang=grc', 0],
  ])('%s', async (_name, query, total) => {
    const { status, body } = await select(query);
    expect([status, body.total, body.ids.length]).toEqual([200, total, total]);
  });

  it('newest first, in pages that keep their places when quotes come', async () => {
    const listed: string[] = [];
    let cursor = '';
    do {
      const { body } = await select(`?lang=fr&limit=2${cursor}`);
      listed.push(...body.ids);
      cursor = body.next === null ? '' : `&cursor=${body.next}`;
    } while (cursor !== '');
    const french = ['crénom', 'un peu plus à l’ouest', 'je dirais même plus', moule, mille];
    expect(listed).toEqual(french.map((text) => ids.get(text)));
  });

  it('at random, different ones, of a length in characters', async () => {
    const two = await select('/sample?n=50&max_length=2');
    expect(two.body).toEqual({ ids: [ids.get('🐋🐋')], total: 1, next: null });
    const drawn = await select('/sample?n=3&min_length=3&author=Archibald+Haddock');
    expect(drawn.body.total).toBe(4);
    expect(new Set(drawn.body.ids).size).toBe(3);
    const all = await select('/sample?n=50');
    expect(all.body.ids.toSorted()).toEqual([...ids.values()].sort());
  });

  it('for a day: the same whoever asks, whatever quotes come, and the first at least', async () => {
    const before = `${Number(ids.get('crénom')) + 1}`;
    const days = Array.from({ length: 28 }, (_, i) => `2026-02-${String(i + 1).padStart(2, '0')}`);
    const ofDays = (service = search) =>
      Promise.all(
        days.map(async (day) => {
          const { body } = await select(`/today?day=${day}&before=${before}`, service);
          expect(body).toMatchObject({ ids: [expect.any(String)], next: null });
          return body.ids[0] as string;
        }),
      );
    const chosen = await ofDays();
    expect(new Set(chosen).size).toBeGreaterThan(2);

    const id = await add({ quote: 'sapristi' });
    await selects('?limit=100', [...ids.keys()].reverse());
    expect(await ofDays()).toEqual(chosen);
    expect(await ofDays(await platform.service('search'))).toEqual(chosen);
    await call(quotes, `DELETE /quotes/${id}`, { key: ADMIN_KEY });
    ids.delete('sapristi');
    await selects('?limit=100', [...ids.keys()].reverse());

    const first = await select(`/today?day=2026-11-27&before=1&lang=fr`);
    expect(first.body.ids).toEqual([ids.get(mille)]);
    const none = await select(`/today?day=2026-11-27&before=${before}&tag=Milou`);
    expect(none.body).toEqual({ ids: [], total: 0, next: null });
  });

  it.each([
    ['', 'limit=0', 'limit'],
    ['', 'cursor=x', 'cursor'],
    ['', 'author=', 'author'],
    ['', 'min_length=2', 'min_length'],
    ['/sample', 'n=51', 'n'],
    ['/sample', 'lang=english', 'lang'],
    ['/today', 'day=2026-02-30&before=1', 'day'],
    ['/today', 'day=2026-02-28', 'before'],
  ])('only by what there is: not %s?%s', async (path, query, field) => {
    const answer = await select(`${path}?${query}`);
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).toMatchObject([{ field }]);
  });
});

describe('names', () => {
  const list = async (query: string) => (await call(search, `GET ${query}`)).body;

  it('are listed in the order of their letters, as most quotes spell them', async () => {
    expect(await list('/authors')).toEqual({
      items: [
        { name: 'Archibald Haddock', quotes: 4 },
        { name: 'Dupond', quotes: 1 },
      ],
      total: 2,
      next: null,
    });
    expect(await list('/tags')).toEqual({
      items: [
        { name: 'colere', quotes: 2 },
        { name: 'mer', quotes: 3 },
        { name: 'mérou', quotes: 1 },
      ],
      total: 3,
      next: null,
    });
  });

  it('are listed by a prefix, blind to case and accents, in pages', async () => {
    const first = await list('/tags?prefix=M%C3%88R&limit=1');
    expect(first).toEqual({ items: [{ name: 'mer', quotes: 3 }], total: 2, next: 'mer' });
    const second = await list(`/tags?prefix=M%C3%88R&limit=1&cursor=${first.next}`);
    expect(second).toEqual({ items: [{ name: 'mérou', quotes: 1 }], total: 2, next: null });
    for (const prefix of ['milou', "'", '%E2%80%99', 'Dupond%20', '%20Dupond'])
      expect([prefix, await list(`/authors?prefix=${prefix}`)]).toEqual([
        prefix,
        { items: [], total: 0, next: null },
      ]);
    expect((await list('/authors?prefix=archibald%20')).total).toBe(1);
    expect((await list("/authors?prefix='Dup")).total).toBe(1);
  });

  it.each(['prefix=', 'prefix=%20', 'prefix=a&prefix=b', 'limit=101', 'cursor=%00', 'offset=1'])(
    'are not listed by %s',
    async (query) => {
      for (const path of ['authors', 'tags']) {
        expectProblem(await call(search, `GET /${path}?${query}`), 400, 'invalid-request');
      }
    },
  );
});

describe('a change of a quote', () => {
  const [before, after] = ['avant le changement', 'après le changement'];
  let id: string;

  beforeEach(async () => {
    id = await add({ quote: before, author: 'Séraphin', lang: 'fr', tags: ['assurance'] });
    await selects('?author=Seraphin', [before]);
  });
  afterEach(async () => {
    await call(quotes, `DELETE /quotes/${id}`, { key: ADMIN_KEY });
    ids.delete(before);
    ids.delete(after);
    await selects('?tag=assurance', []);
  });

  const finds = async (keyword: string) =>
    (await call(search, `GET /search?keyword=${encodeURIComponent(keyword)}`)).body.total;

  it('is found by what is new, and no more by what is old', async () => {
    ids.set(after, id);
    await change(id, { quote: after, author: 'Lampion', lang: 'en', tags: ['mondass'] });
    await selects('?author=LAMPION&lang=en&tag=Mondass', [after]);
    await selects('?author=Seraphin', []);
    await selects('?tag=assurance', []);
    expect(await Promise.all(['avant', 'après'].map(finds))).toEqual([0, 1]);
    const { body } = await call(search, 'GET /authors?prefix=s');
    expect(body.items).toEqual([]);
  });

  it('of the text alone is found as well, within the same millisecond', async () => {
    ids.set(after, id);
    const { created_at } = decodeQuote((await platform.redis.get(keys.quote + id)) ?? '');
    await change(id, { quote: after, updated_at: created_at });
    await eventually(async () => {
      expect(await Promise.all(['avant', 'après'].map(finds))).toEqual([0, 1]);
    });
  });

  it('is found although the log has lost it', async () => {
    await search.freeze();
    await change(id, { author: 'Lampion' }, false);
    // The first is on its way to the replica, which waits for it; the log loses the second.
    for (const quote of ['perdu', 'de vue']) await add({ quote });
    await platform.redis.xtrim(keys.log, 'MAXLEN', 0);
    search.process.kill('SIGCONT');

    await selects('?author=lampion', [before]);
    await selects('?author=seraphin', []);
  });
});

it('counts names for each client, and what the quotes service asks for nobody', async () => {
  const limited = await platform.service('search', { THROTTLE_LIMIT: '2' });
  for (const path of [
    '/selection',
    '/selection/sample',
    '/selection/today?day=2026-11-27&before=1',
  ])
    for (let i = 0; i < 3; i++) {
      const answer = await call(limited, `GET ${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get('ratelimit-limit')).toBeNull();
    }
  expect((await call(limited, 'GET /authors')).status).toBe(200);
  expect((await call(limited, 'GET /tags')).status).toBe(200);
  expectProblem(await call(limited, 'GET /authors'), 429, 'too-many-requests');
});
