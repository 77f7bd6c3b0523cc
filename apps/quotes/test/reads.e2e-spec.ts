import { eventually } from '#libs/testing/eventually.ts';
import { call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

interface Quote {
  id: string;
  quote: string;
  author: string | null;
}

const platform = new Platform();
let quotes: ServiceProcess;
let search: ServiceProcess;

/** What the tests read, oldest first; the first one is signed by a user. */
const WRITTEN = [
  { quote: 'La mer est calme', author: 'Céline Aubépine', lang: 'fr', tags: ['mer', 'été'] },
  { quote: 'La mer', author: 'Ada Quill', lang: 'fr', tags: ['mer'] },
  { quote: 'The sea is calm', author: 'Céline Aubépine', lang: 'en', tags: ['mer'] },
  { quote: '🐋'.repeat(100), author: 'celine aubepine', lang: 'fr', tags: ['ete'] },
  { quote: 'Personne', author: null, lang: null, tags: [] },
];

beforeAll(async () => {
  await platform.start();
  const [users, replica] = await Promise.all([
    platform.service('users'),
    platform.service('search'),
  ]);
  search = replica;
  quotes = await platform.service('quotes', { SEARCH_URL: search.url });
  const tintin = { id: 'tintin', name: 'Tintin', password: secret('tintin') };
  succeeded(await call(users, 'POST /users', { key: ADMIN_KEY, json: tintin }));
  for (const [i, quote] of WRITTEN.entries()) await add({ ...quote, ...(i === 0 && SIGNED) });
  await eventually(async () => (await get('/quotes/sample?n=50')).body.items.length === 5);
});
afterAll(() => platform.stop());

const SIGNED = { user_id: 'tintin' };
const get = (path: string) => call(quotes, `GET ${path}`);
const add = async (json: object): Promise<Quote> =>
  succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json })).body;
const remove = (id: string) => call(quotes, `DELETE /quotes/${id}`, { key: ADMIN_KEY });

/** The places of quotes in WRITTEN. */
const placesOf = (items: Quote[]) =>
  items.map(({ quote }) => WRITTEN.findIndex((written) => written.quote === quote));

describe('GET /quotes', () => {
  it.each([
    ['author=C%C3%A9line+Aub%C3%A9pine', [3, 2, 0]],
    ['author=CELINE+AUBEPINE', [3, 2, 0]],
    ['author=celine', []],
    ['tag=mer', [2, 1, 0]],
    ['tag=%C3%89T%C3%89', [3, 0]],
    ['lang=FRA', [3, 1, 0]],
    ['author=celine+aubepine&lang=fr', [3, 0]],
    ['author=celine+aubepine&lang=fr&tag=mer', [0]],
    ['lang=fr&user_id=tintin', [0]],
    ['lang=en&user_id=tintin', []],
    ['author=nobody', []],
  ])('?%s finds those that match all, newest first', async (query, places) => {
    const { status, body } = await get(`/quotes?${query}`);
    expect(status).toBe(200);
    expect(placesOf(body.items)).toEqual(places);
    expect(body).toMatchObject({ total: places.length, next: null });
  });

  it('shows each of those that match once to a walk', async () => {
    const seen: Quote[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await get(`/quotes?lang=fr&limit=2${cursor && `&cursor=${cursor}`}`);
      expect(body.total).toBe(3);
      seen.push(...body.items);
      cursor = body.next;
    }
    expect(placesOf(seen)).toEqual([3, 1, 0]);
  });
});

describe('GET /quotes/random', () => {
  it.each([
    ['author=ada+quill', [1]],
    ['tag=mer', [0, 1, 2]],
    // An emoji is one character.
    ['min_length=100', [3]],
    ['min_length=100&max_length=100&lang=fr', [3]],
    ['max_length=6', [1]],
    ['max_length=15&min_length=7', [2, 4]],
  ])('?%s draws from those that match', async (query, places) => {
    const drawn = new Set<number>();
    // The chance that 60 draws miss one of three is below 1e-10.
    for (let i = 0; i < 60; i += 1)
      for (const place of placesOf([(await get(`/quotes/random?${query}`)).body])) drawn.add(place);
    expect([...drawn].toSorted()).toEqual(places);
  });

  it('draws each as likely as any other', async () => {
    const counts = [0, 0, 0];
    for (let i = 0; i < 600; i += 1) {
      const [place = -1] = placesOf([(await get('/quotes/random?tag=mer')).body]);
      counts[place] = (counts[place] ?? 0) + 1;
    }
    // Chi-square with two degrees of freedom: above 27.6 once in a million runs.
    expect(counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0)).toBeLessThan(27.6);
  });

  it('is absent when nothing matches', async () => {
    expectProblem(await get('/quotes/random?lang=fr&min_length=500'), 404, 'not-found');
  });
});

describe('GET /quotes/sample', () => {
  it('draws different ones, and all when fewer match than wanted', async () => {
    for (let i = 0; i < 20; i += 1) {
      const { body } = await get('/quotes/sample?n=2&lang=fr');
      const places = placesOf(body.items);
      expect(new Set(places).size).toBe(2);
      expect([0, 1, 3]).toEqual(expect.arrayContaining(places));
    }
    const all = placesOf((await get('/quotes/sample?n=50&lang=fr')).body.items);
    expect(all.toSorted()).toEqual([0, 1, 3]);
    expect((await get('/quotes/sample')).body.items).toHaveLength(1);
    expect((await get('/quotes/sample?n=5&author=nobody')).body).toEqual({ items: [] });
  });
});

describe('GET /quotes/today', () => {
  it('is the same quote each time, of those that match', async () => {
    for (const [query, places] of [
      ['lang=fr', [0, 1, 3]],
      ['lang=en&tag=mer', [2]],
      ['tz=Pacific/Kiritimati', [0, 1, 2, 3, 4]],
    ] as const) {
      const [first = -1] = placesOf([(await get(`/quotes/today?${query}`)).body]);
      expect(places).toContain(first);
      for (let i = 0; i < 10; i += 1)
        expect(placesOf([(await get(`/quotes/today?${query}`)).body])).toEqual([first]);
    }
    expectProblem(await get('/quotes/today?tag=nobody'), 404, 'not-found');
  });
});

it('a quote is found soon after it was added, and gone at once when it is deleted', async () => {
  const tag = 'éphémère';
  const { id } = await add({ quote: 'Un instant', tags: [tag] });
  const path = `/quotes?tag=${encodeURIComponent(tag)}`;
  await eventually(async () => (await get(path)).body.total === 1);
  expect((await remove(id)).status).toBe(204);
  expect((await get(path)).body).toEqual({ items: [], total: 0, next: null });
  expectProblem(await get(path.replace('?', '/random?')), 404, 'not-found');
});
