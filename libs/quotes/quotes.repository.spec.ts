import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { Cluster } from 'ioredis';
import { parseConfig } from '#libs/config/config.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { Platform } from '#libs/testing/platform.ts';
import {
  completeQuote,
  decodeQuote,
  encodeQuote,
  type Quote,
  type QuoteContent,
} from './quote.document.ts';
import { type ImportOutcome, QuotesRepository } from './quotes.repository.ts';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());
beforeEach(() => platform.flush());

/** A text of which nobody knows who said it. */
const said = (quote: string): QuoteContent => ({
  quote,
  author: null,
  source: null,
  lang: null,
  tags: [],
});

/** How often Redis, all of it, has carried out a command. */
async function callsOf(command: string): Promise<number> {
  const { redis } = platform;
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const stats = await Promise.all(nodes.map((node) => node.info('commandstats')));
  const calls = new RegExp(`cmdstat_${command}:calls=(\\d+)`);
  return stats.reduce((sum, text) => sum + Number(calls.exec(text)?.[1] ?? 0), 0);
}

describe.each([1, 3])('quotes in %i shards', (shards) => {
  let redis: RedisService;
  let quotes: QuotesRepository;

  beforeAll(async () => {
    const env = { ...platform.redisEnv('operator'), REDIS_SHARDS: String(shards) };
    const config = parseConfig('test', { adminKey: false }, env);
    redis = new RedisService(config);
    quotes = new QuotesRepository(redis, config);
    await eventually(() => redis.client.status === 'ready');
  });
  afterAll(() => redis.onApplicationShutdown());

  const add = async (quote: string, user_id: string | null = null) =>
    (await quotes.add({ ...said(quote), user_id }))?.id ?? '';

  /** A quote as Redis holds it. */
  const storedAt = async (id: string) =>
    platform.redis.get((await platform.keys(`*:quote:${id}`))[0] ?? '');

  /** Every quote, page by page. */
  async function all(userId?: string): Promise<Quote[]> {
    const documents: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await quotes.list(7, cursor, userId);
      documents.push(...page.documents);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return documents.map(decodeQuote);
  }

  it('are listed newest first, each once, by commit rather than by clock', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 40; i += 1) ids.push(await add(`quote ${i}`));

    const listed = (await all()).map(({ id }) => id);
    expect(listed).toEqual(listed.toSorted((a, b) => Number(b) - Number(a)));
    expect(listed.toSorted()).toEqual(ids.toSorted());
    expect((await quotes.list(1)).total).toBe(40);
  });

  it('are not read when their page has more bytes than wanted', async () => {
    for (let i = 0; i < 5; i += 1) await add('x'.repeat(1000));
    const { documents } = await quotes.list(4);
    const bytes = documents.reduce((sum, { length }) => sum + length, 0);

    expect(await quotes.list(4, undefined, undefined, bytes / 2)).toBeUndefined();
    // A page asks for one quote more than it shows, and each shard for as many.
    const enough = shards * (bytes + 2 * Math.max(...documents.map(({ length }) => length)));
    expect((await quotes.list(4, undefined, undefined, enough))?.documents).toEqual(documents);

    const ids = documents.map((document) => decodeQuote(document).id);
    expect(await quotes.findMany(ids, bytes / 2)).toBeUndefined();
    expect(await quotes.findMany(['1', ...ids], enough)).toEqual([null, ...documents]);
  });

  it('give no id twice, even when the clock goes back', async () => {
    const keys = await add('now').then(() => platform.keys('*:clock'));
    const future = (Date.now() + 3_600_000) * 1000;
    for (const key of keys) {
      const shard = Number(/q(\d+)/.exec(key)?.[1]);
      await platform.redis.set(key, String(future - (future % shards) + shard));
    }
    const ids = await Promise.all(Array.from({ length: 20 }, () => add('x')));
    expect(new Set(ids).size).toBe(20);
  });

  it('leave nothing behind when they are deleted, and are told to the log', async () => {
    await quotes.allowAuthor('tintin', 'the first of that id');
    const id = await add('Milou !', 'tintin');

    expect(await quotes.delete(id, 'haddock')).toBe('forbidden');
    expect(await quotes.delete(id, 'tintin')).toBe('deleted');
    expect(await quotes.delete(id)).toBe('absent');
    expect(await quotes.find(id)).toBeNull();
    expect(await all('tintin')).toEqual([]);
    const left = (await platform.keys('{q*')).filter((key) => !/:(authors|clock|log)$/.test(key));
    expect(left).toEqual([]);
    const [log = ''] = await platform.keys('*:log');
    const entries = await platform.redis.xrange(log, '-', '+');
    expect(entries.map(([, fields]) => fields)).toEqual([
      ['u', id],
      ['d', id],
    ]);
  });

  it('are imported once, however often and by however many', async () => {
    await quotes.allowAuthor('tintin', 'the first of that id');
    const rows = Array.from({ length: 300 }, (_, i) => ({
      ...said(`"quote" ${i} é`),
      user_id: i % 2 ? 'tintin' : null,
    }));
    const kinds = (outcomes: ImportOutcome[]) =>
      new Set(outcomes.map((o) => (typeof o === 'string' ? o : 'added')));

    const both = await Promise.all([quotes.import(rows), quotes.import(rows)]);
    expect(both.flat().filter((outcome) => typeof outcome !== 'string').length).toBe(300);
    expect(kinds(await quotes.import(rows))).toEqual(new Set(['known']));
    expect((await all()).length).toBe(300);
    expect((await all('tintin')).length).toBe(150);
    expect(await quotes.import([{ ...said('new'), user_id: 'nobody' }])).toEqual(['unknown']);
  });

  it('may be imported again once deleted', async () => {
    const row = { ...said('fugace \u2028 é "'), user_id: null };
    const [first] = await quotes.import([row]);
    expect(await quotes.delete(typeof first === 'object' ? first.id : '')).toBe('deleted');
    expect(await quotes.import([row])).toEqual([{ id: expect.any(String) }]);
  });

  describe.each<[string, Partial<QuoteContent>]>([
    ['of nobody', {}],
    [
      'of an author',
      { author: 'Mark "\\" Twain"', source: '","author":null', lang: 'en', tags: ['"]}', 'sea'] },
    ],
  ])('%s', (_what, details) => {
    it.each([
      ['a text that looks like its own JSON', 'a","quote":"b"}{"user_id":"tintin"'],
      ['a text that looks like what follows it', 'a","author":null,"tags":[]}'],
      ['a text that ends like a list', 'a]'],
      ['a comma', ','],
      ['a backslash at the end', '\\'],
      ['what JSON escapes', '"\\ / \b\f\n\r\t \u2028 \u007f é 🐋'],
      ['what patterns of Lua and replacements hold', '%d+ ^$ ().[]*+-? $& $1 %1'],
    ])('have one JSON, whoever makes it: %s', async (_name, text) => {
      const quote = { ...said(text), ...details, user_id: 'tin-t.in' };
      await quotes.allowAuthor('tin-t.in', 'the first of that id');
      const added = await quotes.add(quote);
      const id = added?.id ?? '';
      const complete = String(await quotes.find(id));
      expect(complete).toBe(added?.document);
      expect(decodeQuote(complete)).toMatchObject({ id, ...quote });
      const stored = encodeQuote(decodeQuote(complete));
      expect(await storedAt(id)).toBe(stored);
      expect(completeQuote(stored)).toBe(complete);

      const [imported] = await quotes.import([quote]);
      await quotes.unsign('tin-t.in', 'the first of that id');
      const unsigned = encodeQuote({ ...decodeQuote(stored), user_id: null });
      expect(await storedAt(id)).toBe(unsigned);
      expect(String(await quotes.find(id))).toBe(completeQuote(unsigned));

      // The script finds the digest of the text that it deletes.
      await quotes.delete(typeof imported === 'object' ? imported.id : '');
      expect(await platform.keys('*:imported')).toEqual([]);
    });
  });

  describe('that are changed', () => {
    const idOf = (outcome: ImportOutcome | undefined) =>
      typeof outcome === 'object' ? outcome.id : '';
    const changed = async (...[id, changes]: Parameters<QuotesRepository['change']>) => {
      const outcome = await quotes.change(id, changes);
      return decodeQuote(typeof outcome === 'object' ? outcome.document : outcome);
    };
    const stateOf = async (id: string) =>
      createHash('sha1')
        .update((await quotes.find(id)) ?? '')
        .digest('hex')
        .slice(0, 24);

    /** A quote is in none of these states. */
    const STALE = [
      { match: '', noneMatch: '' },
      { match: '0'.repeat(24), noneMatch: '' },
      { match: '*', noneMatch: '*' },
    ];

    const EMPTY = { author: null, source: null, lang: null, tags: [] };
    const FULL = {
      author: 'Mark "\\" Twain"',
      source: '","author":null',
      lang: 'en',
      tags: ['"]}'],
    };
    it.each<[string, Partial<QuoteContent>, Partial<QuoteContent>]>([
      ['nothing into something', EMPTY, FULL],
      ['something into nothing', FULL, EMPTY],
      ['one text into another', {}, { quote: 'É","author":"🐋","tags":[]} %1 \\' }],
      ['a text like JSON into another', { quote: '"updated_at":"' }, { quote: ',"tags":' }],
      ['one of all', FULL, { lang: 'fr' }],
      ['the only one', { ...EMPTY, tags: ['null'] }, { tags: [] }],
      ['an author like a list', { author: '[]' }, { author: 'null' }],
    ])('have one JSON, whoever makes it: %s', async (_name, before, changes) => {
      await quotes.allowAuthor('tin-t.in', 'the first of that id');
      const quote = { ...said('Mille sabords'), ...before };
      const { id = '', document = '' } = (await quotes.add({ ...quote, user_id: null })) ?? {};
      const { created_at } = decodeQuote(document);
      // They are changed in a later millisecond than they were added in.
      await eventually(() => Date.now() > Date.parse(created_at));
      // The same is changed once more, when the time of the change is there already.
      for (const user_id of ['tin-t.in', null]) {
        const now = await changed(id, { ...changes, user_id });
        const { updated_at } = now;
        expect(Date.parse(updated_at)).toBeGreaterThan(Date.parse(created_at));
        expect(now).toEqual({ ...quote, ...changes, id, user_id, created_at, updated_at });
        expect(await storedAt(id)).toBe(encodeQuote(now));
        expect(String(await quotes.find(id))).toBe(completeQuote(encodeQuote(now)));
      }
    });

    it('are told to the log, but not when they are as they were', async () => {
      const id = await add('Mille sabords');
      await quotes.change(id, { lang: 'fr', author: null });
      await quotes.change(id, { lang: 'fr', tags: [] });
      const [log = ''] = await platform.keys('*:log');
      const entries = await platform.redis.xrange(log, '-', '+');
      expect(entries.map(([, fields]) => fields)).toEqual([
        ['u', id],
        ['u', id],
      ]);
    });

    it('stay as they are in another state, for another user, and for an unknown one', async () => {
      await quotes.allowAuthor('tintin', 'the first of that id');
      const id = await add('Mille sabords', 'tintin');
      const ofState = { match: `${'0'.repeat(24)},${await stateOf(id)}`, noneMatch: '' };
      const ofOthers = { match: '*', noneMatch: await stateOf(id) };
      expect(await quotes.change('404', { lang: 'fr' })).toBe('absent');
      expect(await quotes.change(id, { lang: 'fr' }, 'haddock')).toBe('forbidden');
      for (const states of STALE)
        expect(await quotes.change(id, { lang: 'fr' }, 'tintin', states)).toBe('stale');
      expect(await quotes.change(id, { lang: 'fr' }, 'tintin', ofOthers)).toBe('stale');
      expect(await quotes.change(id, { user_id: 'haddock' })).toBe('unknown');
      expect(await changed(id, {})).toMatchObject(said('Mille sabords'));

      expect(await quotes.change(id, { lang: 'fr' }, 'tintin', ofState)).toEqual({
        document: expect.any(String),
      });
      expect(await quotes.change(id, { lang: 'nl' }, 'tintin', ofState)).toBe('stale');
      expect(decodeQuote((await quotes.find(id)) ?? '').lang).toBe('fr');
      expect(await quotes.change(id, { lang: 'nl' }, 'tintin', ofOthers)).toEqual({
        document: expect.any(String),
      });
    });

    it('are not deleted in another state, and nothing is lost of them', async () => {
      await quotes.allowAuthor('tintin', 'the first of that id');
      const id = await add('Mille sabords', 'tintin');
      const state = await stateOf(id);
      const stale = [...STALE, { match: '*', noneMatch: state }];
      for (const states of stale) {
        expect(await quotes.delete('404', 'tintin', states)).toBe('absent');
        expect(await quotes.delete(id, 'haddock', states)).toBe('forbidden');
        expect(await quotes.delete(id, 'tintin', states)).toBe('stale');
      }
      expect(await stateOf(id)).toBe(state);
      expect((await quotes.list(1, undefined, 'tintin')).total).toBe(1);

      const ofState = { match: state, noneMatch: '0'.repeat(24) };
      expect(await quotes.delete(id, 'tintin', ofState)).toBe('deleted');
      expect((await quotes.list(1, undefined, 'tintin')).total).toBe(0);
    });

    it('move from one user to another', async () => {
      for (const user of ['tintin', 'haddock']) await quotes.allowAuthor(user, 'the first');
      const id = await add('Mille sabords', 'tintin');
      await quotes.change(id, { user_id: 'haddock' });
      expect(await all('tintin')).toEqual([]);
      expect((await all('haddock')).map((quote) => quote.id)).toEqual([id]);
      await quotes.change(id, { user_id: null });
      expect(await platform.keys('*:by:*')).toEqual([]);
    });

    it('are known to an import by their new text, and no more by the old one', async () => {
      const row = (quote: string) => ({ ...said(quote), user_id: null });
      // Some of the new texts belong to another shard than the old ones.
      const texts = Array.from({ length: 12 }, (_, i) => `Mille sabords ${i}`);
      const mended = texts.map((text) => `${text} !`);
      const ids = (await quotes.import(texts.map(row))).map(idOf);
      for (const [i, id] of ids.entries()) await quotes.change(id, { quote: mended[i] });

      const knownAll = texts.map(() => 'known');
      expect(await quotes.import(mended.map(row))).toEqual(knownAll);
      expect((await quotes.import(texts.map(row))).map(idOf)).not.toContain('');
      expect((await all()).length).toBe(24);
      expect(await quotes.import([...texts, ...mended].map(row))).toEqual([
        ...knownAll,
        ...knownAll,
      ]);
      // What is deleted may be imported again, and nothing is left of it.
      for (const id of ids) await quotes.delete(id);
      expect((await quotes.import(mended.map(row))).map(idOf)).not.toContain('');
      for (const { id } of await all()) await quotes.delete(id);
      expect(await platform.keys('*:imported')).toEqual([]);
    });

    it('into a text that another quote was imported with leave that one known', async () => {
      const rows = ['un', 'deux'].map((quote) => ({ ...said(quote), user_id: null }));
      const [one = '', two = ''] = (await quotes.import(rows)).map(idOf);
      await quotes.change(one, { quote: 'deux' });
      await quotes.delete(one);
      expect(await quotes.import(rows.slice(1))).toEqual(['known']);
      await quotes.delete(two);
      expect(await quotes.import(rows.slice(1))).toEqual([{ id: expect.any(String) }]);
    });

    it('into the text of another and back again leave both known', async () => {
      const rows = ['un', 'deux'].map((quote) => ({ ...said(quote), user_id: null }));
      const [one = ''] = (await quotes.import(rows)).map(idOf);
      await quotes.change(one, { quote: 'deux' });
      await quotes.change(one, { quote: 'un' });
      expect(await quotes.import(rows)).toEqual(['known', 'known']);
    });

    it('are known by their new text when they were not imported before', async () => {
      const rows = ['un', 'deux'].map((quote) => ({ ...said(quote), user_id: null }));
      const id = await add('un');
      await quotes.change(id, { quote: 'deux' });
      expect(await quotes.import(rows)).toEqual([{ id: expect.any(String) }, 'known']);
      for (const { id } of await all()) await quotes.delete(id);
      expect(await platform.keys('*:imported')).toEqual([]);
    });
  });

  it('that were written before there were authors are read, unsigned and deleted', async () => {
    await quotes.allowAuthor('tintin', 'the first of that id');
    const row = { ...said('Mille sabords, "écrit" avant'), user_id: 'tintin' };
    const [outcome] = await quotes.import([row]);
    const id = typeof outcome === 'object' ? outcome.id : '';
    const [key = ''] = await platform.keys('*:quote:*');
    const time = '2026-11-21T16:00:00.000Z';
    const old = (signer: string) =>
      `{"id":"${id}","user_id":${signer},"created_at":"${time}","quote":${JSON.stringify(row.quote)}}`;
    await platform.redis.set(key, old('"tintin"'));

    const read = { ...row, id, created_at: time, updated_at: time };
    expect(decodeQuote((await quotes.find(id)) ?? '')).toEqual(read);
    expect(Object.keys(JSON.parse(String(await quotes.find(id)))).toSorted()).toEqual(
      Object.keys(read).toSorted(),
    );
    for (const document of [
      (await quotes.findMany([id]))[0],
      (await quotes.list(1)).documents[0],
      await quotes.random(),
    ])
      expect(String(document)).toBe(String(await quotes.find(id)));
    await quotes.unsign('tintin', 'the first of that id');
    expect(await platform.redis.get(key)).toBe(old('null'));
    await quotes.change(id, { lang: 'fr' });
    expect(decodeQuote((await platform.redis.get(key)) ?? '')).toEqual({
      ...read,
      lang: 'fr',
      user_id: null,
      updated_at: expect.any(String),
    });
    expect(await quotes.delete(id)).toBe('deleted');
    expect(await platform.keys('*:imported')).toEqual([]);
  });

  it('are read by id in the order asked, whatever shards they are in', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 9; i += 1) ids.push(await add(`quote ${i}`));
    const asked = ['1', ...ids.toReversed(), '2'];
    const before = await callsOf('mget');
    const found = (await quotes.findMany(asked)).map(
      (document) => document && decodeQuote(document).id,
    );
    expect(found).toEqual([null, ...ids.toReversed(), null]);
    expect((await callsOf('mget')) - before).toBeLessThanOrEqual(shards);
    expect(await callsOf('mget')).toBeGreaterThan(before);
  });

  /** Every quote, from the oldest to the newest. */
  async function walked(after?: string): Promise<string[]> {
    const documents: string[] = [];
    for await (const batch of quotes.walk(after)) documents.push(...batch);
    return documents;
  }
  const idOf = (document: string) => decodeQuote(document).id;

  /** So many that a walk takes several batches. */
  const MANY = Array.from({ length: 900 }, (_, i) => ({ ...said(`quote ${i}`), user_id: null }));

  it('are walked by ascending id, each once, from the first or behind any other', async () => {
    expect(await walked()).toEqual([]);
    await quotes.import(MANY);
    const documents = await walked();
    const ids = documents.map(idOf);

    expect(ids.length).toBe(MANY.length);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => Number(a) - Number(b)));
    expect(await quotes.findMany(ids.slice(0, 100))).toEqual(documents.slice(0, 100));
    for (const index of [0, 126, 127, 128, 129, 255, 898, 899])
      expect(await walked(ids[index])).toEqual(documents.slice(index + 1));
  });

  it('are in a walk that they are there throughout, whatever is written meanwhile', async () => {
    await quotes.import(MANY);
    const before = (await walked()).map(idOf);
    const seen: string[] = [];
    let deleted = 0;
    for await (const batch of quotes.walk()) {
      seen.push(...batch.map(idOf));
      // One that was walked already, the next one, and one at the end; and a new one.
      for (const id of [seen[0], before[seen.length], before.at(-1 - deleted)])
        if (id !== undefined) await quotes.delete(id);
      deleted += 1;
      await add(`new ${deleted}`);
    }
    const lasting = new Set((await walked()).map(idOf));

    expect(deleted).toBeGreaterThan(2);
    // It does not follow new quotes, or it would never end while some are added.
    expect(seen.filter((id) => !before.includes(id))).toEqual([]);
    expect(seen).toEqual(seen.toSorted((a, b) => Number(a) - Number(b)));
    expect(before.filter((id) => lasting.has(id) && !seen.includes(id))).toEqual([]);
  });

  describe('that are restored', () => {
    beforeEach(() => quotes.allowAuthor('tintin', 'the first of that id'));

    /** Quotes as another platform holds them: some signed, changed, said by somebody, or twice. */
    async function exported(): Promise<Quote[]> {
      await quotes.import(
        MANY.map((row, i) => ({ ...row, user_id: i % 3 === 0 ? 'tintin' : null })),
      );
      await add('quote 1');
      await add('twice');
      await add('twice');
      const rows = (await walked()).map(decodeQuote);
      await platform.flush();
      await quotes.allowAuthor('tintin', 'the second of that id');
      return rows.map((quote, i) => ({
        ...quote,
        ...(i % 5 === 0 && { author: 'Ada', tags: ['sea'] }),
        ...(i % 7 === 0 && { updated_at: '2030-01-01T00:00:00.000Z' }),
      }));
    }

    it('have the ids, times and index entries that they had', async () => {
      const rows = await exported();
      expect(new Set(await quotes.restore(rows))).toEqual(new Set(['added']));

      expect((await walked()).map(decodeQuote)).toEqual(rows);
      const signed = rows.filter(({ user_id }) => user_id !== null).map(({ id }) => id);
      expect((await all('tintin')).map(({ id }) => id).toReversed()).toEqual(signed);
      const logs = await Promise.all(
        (await platform.keys('*:log')).map((log) => platform.redis.xrange(log, '-', '+')),
      );
      const logged = logs.flat().map(([, [change, id]]) => `${change} ${id}`);
      expect(logged.toSorted()).toEqual(rows.map(({ id }) => `u ${id}`).toSorted());
    });

    it('are known when they are restored or imported again, and may be deleted', async () => {
      const rows = await exported();
      await quotes.restore(rows);

      expect(new Set(await quotes.restore(rows))).toEqual(new Set(['known']));
      expect(new Set(await quotes.import(MANY))).toEqual(new Set(['known']));
      for (const { id } of rows.slice(0, 20)) expect(await quotes.delete(id)).toBe('deleted');
      expect(await quotes.restore(rows.slice(0, 20))).toEqual(Array(20).fill('added'));
    });

    it('are older than every new quote', async () => {
      const now = Date.now() * 1000;
      const ids = Array.from({ length: shards }, (_, shard) => {
        const ahead = now + 60_000_000;
        return String(ahead - (ahead % shards) + shard);
      });
      const time = '2026-11-21T16:00:00.000Z';
      const rows = ids.map((id) => ({
        ...said('early'),
        id,
        user_id: null,
        created_at: time,
        updated_at: time,
      }));
      expect(new Set(await quotes.restore(rows))).toEqual(new Set(['added']));
      for (let i = 0; i < 20; i += 1)
        expect(Number(await add(`late ${i}`))).toBeGreaterThan(now + 59_000_000);
      // An older one does not set the clock back.
      await quotes.restore(rows.map((row) => ({ ...row, id: String(Number(row.id) - 6_000_000) })));
      for (let i = 0; i < 20; i += 1)
        expect(Number(await add(`later ${i}`))).toBeGreaterThan(now + 59_000_000);
    });

    it('are refused where others have their ids, and leave those alone', async () => {
      const [first, second, third] = await exported();
      if (!first || !second || !third) throw new Error('there are no quotes');
      await quotes.restore([first]);
      const future = String((Date.now() + 3_600_000) * 1000);

      expect(
        await quotes.restore([
          { ...first, quote: 'other' },
          { ...second, user_id: 'haddock' },
          { ...third, id: future },
          second,
          first,
        ]),
      ).toEqual(['taken', 'unknown', 'ahead', 'added', 'known']);
      expect((await walked()).map(decodeQuote)).toEqual([first, second]);
    });

    it('are known in whatever form they are stored', async () => {
      const [quote] = await exported();
      if (!quote) throw new Error('there are no quotes');
      const row = { ...quote, author: null, tags: [], updated_at: quote.created_at };
      await quotes.restore([row]);
      const [key = ''] = await platform.keys('*:quote:*');
      await platform.redis.set(key, completeQuote(encodeQuote(row)));

      expect(await quotes.restore([row])).toEqual(['known']);
    });
  });

  it('are drawn from all, each as likely as any other', async () => {
    expect(await quotes.random()).toBeNull();
    // Redis keeps so many ids in another form than a few, from which its own draws are not uniform.
    const texts = Array.from({ length: 600 }, (_, i) => ({ ...said(`quote ${i}`), user_id: null }));
    await quotes.import(texts);
    const drawn = new Map<string, number>();
    const perQuote = 50;
    for (let round = 0; round < perQuote; round++) {
      for (const document of await Promise.all(texts.map(() => quotes.random()))) {
        const { id } = decodeQuote(document ?? '');
        drawn.set(id, (drawn.get(id) ?? 0) + 1);
      }
    }
    expect(drawn.size).toBe(texts.length);
    const squares = [...drawn.values()].map((count) => (count - perQuote) ** 2 / perQuote);
    // The quantile of the chi-square distribution for one failure in a million runs.
    expect(squares.reduce((sum, square) => sum + square, 0)).toBeLessThan(779);
  });
});
