import { call, expectProblem, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let quotes: ServiceProcess;

beforeAll(async () => {
  await platform.start();
  quotes = await platform.service('quotes');
});
afterAll(() => platform.stop());
beforeEach(() => platform.flush());

const add = async (json: object) =>
  succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json })).body;
const get = (path: string) => call(quotes, `GET ${path}`);

const haddock = {
  quote: 'Tonnerre de Brest !\nMille sabords !',
  author: 'Archibald Haddock',
  source: 'Le Crabe aux pinces d\u2019or',
  lang: 'fr',
};
const TEXT = `${haddock.quote}\n\u2014 ${haddock.author}, ${haddock.source}\n`;

describe.each(['id', 'random'])('GET /quotes/{%s}', (which) => {
  const path = async () => {
    const { id } = await add(haddock);
    return which === 'id' ? `/quotes/${id}` : '/quotes/random';
  };

  it('.txt is plain text for a shell', async () => {
    const answer = await get(`${await path()}.txt`);
    expect(answer).toMatchObject({ status: 200, body: TEXT });
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  });

  it('.svg is a card, which may do nothing but show itself', async () => {
    const answer = await get(`${await path()}.svg`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'",
    );
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.body).toMatch(/^<svg .*lang="fr">.*>Mille sabords\u00a0!<\/text>.*<\/svg>\n$/s);
  });

  it.each(['.txt', '.svg'])('%s says whether it may be kept', async (suffix) => {
    const { headers } = await get(`${await path()}${suffix}`);
    if (which === 'random') expect(headers.get('cache-control')).toBe('no-store');
    else expect(headers.get('cache-control')).not.toBe('no-store');
  });

  it.each(['.txt', '.svg'])('%s answers HEAD as GET', async (suffix) => {
    const target = `${await path()}${suffix}`;
    const [head, read] = [await call(quotes, `HEAD ${target}`), await get(target)];
    expect(head).toMatchObject({ status: 200, body: '' });
    for (const name of ['content-type', 'content-length', 'cache-control'])
      expect([name, head.headers.get(name)]).toEqual([name, read.headers.get(name)]);
  });
});

describe.each(['.txt', '.svg'])('the errors of %s are those of the JSON', (suffix) => {
  it.each(['abc', '0', '1.2', '12345678901234567', '1%20'])('for the id %s', async (id) => {
    const answer = await get(`/quotes/${id}${suffix}`);
    expectProblem(answer, 400, 'invalid-request');
    const { body } = await get(`/quotes/${id}`);
    expect(answer.body.errors).toEqual(body.errors);
  });

  it('for a quote that is not there', async () => {
    expectProblem(await get(`/quotes/404${suffix}`), 404, 'not-found');
    expectProblem(await get(`/quotes/random${suffix}`), 404, 'not-found');
  });

  it('for a method that is not there', async () => {
    for (const path of [`/quotes/1${suffix}`, `/quotes/random${suffix}`]) {
      const answer = await call(quotes, `DELETE ${path}`, { key: ADMIN_KEY });
      expectProblem(answer, 405, 'method-not-allowed');
      expect(answer.headers.get('allow')).toBe('GET, HEAD');
    }
  });
});

it('an id with another suffix is no id', async () => {
  const { id } = await add(haddock);
  for (const suffix of ['.png', '.svgz', '.txt.svg.', '.']) {
    expectProblem(await get(`/quotes/${id}${suffix}`), 400, 'invalid-request');
  }
});

describe('GET /quotes/feed.atom', () => {
  const idsOf = (feed: string) =>
    [...feed.matchAll(/<id>urn:quotes-platform:quote:(\d+)<\/id>/g)].map(([, id]) => id);

  it('has the newest 20 quotes, newest first', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 21; i += 1) ids.push((await add({ quote: `quote ${i}` })).id);
    const answer = await get('/quotes/feed.atom');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/atom+xml; charset=utf-8');
    expect(idsOf(answer.body)).toEqual(ids.slice(1).reverse());
    expect(answer.body).toContain('quote 20');

    const head = await call(quotes, 'HEAD /quotes/feed.atom');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers.get('content-type')).toBe(answer.headers.get('content-type'));
  });

  it('is there without quotes', async () => {
    const { status, body } = await get('/quotes/feed.atom');
    expect(status).toBe(200);
    expect(body).toMatch(/<feed .*<updated>2000-01-01T00:00:00.000Z<\/updated>.*<\/feed>\n$/s);
  });

  it('takes the longest quotes, which are read as a large page', async () => {
    const longest = { quote: '\u{1f40b}'.repeat(2000), author: '\u{1f40b}'.repeat(100) };
    for (let i = 0; i < 20; i += 1) await add(longest);
    expect(idsOf((await get('/quotes/feed.atom')).body)).toHaveLength(20);
  });

  it('is the same whatever host a request names', async () => {
    await add(haddock);
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    const answer = await call(quotes, 'GET /quotes/feed.atom', { headers });
    expect(answer.body).toBe((await get('/quotes/feed.atom')).body);
    expect(answer.body).not.toContain('evil.example');
  });
});
