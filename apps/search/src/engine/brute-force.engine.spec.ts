import { BruteForceEngine } from './brute-force.engine.ts';
import { parseQuery } from './query.parser.ts';
import { MAX_EXPANSIONS, MAX_FUZZY_WORDS } from './ranking.ts';
import { NO_DETAILS, type QuoteDetails } from './search.engine.ts';

function engineOf(...quotes: string[]): BruteForceEngine {
  const engine = new BruteForceEngine();
  quotes.forEach((quote, i) => {
    engine.add(i + 1, quote, i % 2 ? 'tintin' : null);
  });
  return engine;
}

function find(engine: BruteForceEngine, keyword: string, userId?: string): number[] {
  return engine
    .search({ query: parseQuery(keyword), filters: { userId }, limit: 100, offset: 0 })
    .hits.map((hit) => hit.id);
}

describe('BruteForceEngine', () => {
  it('wants every word, folds, and takes the last as a prefix', () => {
    const engine = engineOf("L'amour écrase tout", "tout l'amour", 'un amoureux');
    expect(find(engine, 'amour')).toEqual([2, 1, 3]);
    expect(find(engine, 'ECRASE amour')).toEqual([1]);
    expect(find(engine, 'amour tou')).toEqual([2, 1]);
    expect(find(engine, '')).toEqual([]);
    expect(find(engine, '-amour')).toEqual([]);
  });

  it('ranks by exact word, prefix, fewer typos, proximity, BM25 and age, in this order', () => {
    expect(find(engineOf('mange des souris', 'souri'), 'souri')).toEqual([2, 1]);
    expect(find(engineOf('liberte liberte', 'libertes', 'libarte', 'libatre'), 'liberte')).toEqual([
      1, 2, 3,
    ]);
    expect(
      find(engineOf('vie x x amour', 'amour x vie', 'vie amour', 'amour vie'), 'amour vie'),
    ).toEqual([4, 3, 2, 1]);
    expect(
      find(engineOf('chat noir et rond et beau', 'chat chat', 'chat', 'chat'), 'chat'),
    ).toEqual([2, 4, 3, 1]);
  });

  it('tries typos only when few match without', () => {
    const exact = Array.from({ length: 10 }, () => 'liberte');
    expect(find(engineOf(...exact, 'libarte'), 'liberte')).toHaveLength(10);
    expect(find(engineOf(...exact.slice(1), 'libarte'), 'liberte')).toHaveLength(10);
  });

  it.each([
    ['ten match without', 10, 'liberte', false],
    ['nine match without', 9, 'liberte', true],
    ['no word may have a typo', 9, '"liberte"', false],
  ])('says whether typos were needed: %s', (_name, exact, keyword, expected) => {
    const engine = engineOf(...Array.from({ length: exact }, () => 'liberte'), 'libarte');
    const request = { query: parseQuery(keyword), limit: 0, offset: 0 };
    expect(engine.search(request).withTypos).toBe(expected);
  });

  it('forgives typos in the rarest words only, and takes a word for its likeliest terms', () => {
    const words = Array.from({ length: MAX_FUZZY_WORDS + 1 }, (_, i) => `${'abcdefgh'[i]}aaaaxx`);
    const engine = engineOf(words.join(' ').replaceAll('x', 'y'), words[0] ?? '');
    expect(
      find(
        engine,
        words
          .slice(1)
          .map((word) => word.replace('x', 'y'))
          .join(' '),
      ),
    ).toEqual([1]);
    expect(find(engine, words.map((word) => word.replace('x', 'y')).join(' '))).toEqual([]);

    const near = [...'abcdfghijklmnopqsuvwxyz'].flatMap((letter) => [
      `libert${letter}`,
      `liber${letter}e`,
      `libe${letter}te`,
    ]);
    const likely = near.pop() ?? '';
    const crowd = engineOf(...near, likely, likely);
    expect(find(crowd, 'liberte')).toHaveLength(MAX_EXPANSIONS + 1);
    const { similar } = crowd.search({ query: parseQuery('liberte'), limit: 0, offset: 0 });
    expect(similar).toEqual([[likely, ...near.sort().slice(0, MAX_EXPANSIONS - 1)]]);
  });

  it('honours phrases, exclusions, the signer, and pages with an exact total', () => {
    const engine = engineOf('de la vie', 'la vie de', 'de vie la', 'la');
    expect(find(engine, '"de la"')).toEqual([1]);
    expect(find(engine, 'la -vie')).toEqual([4]);
    expect(find(engine, 'la -"de la"')).toEqual([4, 3, 2]);
    expect(find(engine, 'la', 'tintin')).toEqual([4, 2]);
    expect(engine.search({ query: parseQuery('la'), limit: 2, offset: 1 })).toMatchObject({
      total: 4,
      hits: [{ id: 3 }, { id: 2 }],
    });
  });

  it('searches author, source and tags, each for itself, and ranks them above the text', () => {
    const engine = new BruteForceEngine();
    const add = (id: number, quote: string, details: Partial<QuoteDetails>) =>
      engine.add(id, quote, null, { ...NO_DETAILS, ...details });
    add(1, 'vie', { author: 'Victor Hugo' });
    add(2, 'vie', { author: 'Hugo' });
    add(3, 'vie', { source: 'Hugo' });
    add(4, 'la vie', { tags: ['victor', 'hugo'] });
    add(5, 'Hugo', {});
    add(6, 'Hugo et Victor', {});
    add(7, 'Vie de Victor', { author: 'Hugo' });
    expect(find(engine, 'hugo')).toEqual([7, 2, 1, 4, 3, 5, 6]);
    expect(find(engine, 'hug')).toEqual([5, 3, 2, 1, 4, 7, 6]);
    // Where only the text has both, it counts how far apart they are.
    expect(find(engine, 'victor hugo')).toEqual([1, 4, 7, 6]);
    expect(find(engine, '"victor hugo"')).toEqual([1]);
    expect(find(engine, '"vie victor"')).toEqual([]);
    expect(find(engine, 'vie -hugo')).toEqual([]);
    expect(find(engine, 'vie -"victor hugo"')).toEqual([3, 2, 4, 7]);
  });

  it('replaces and deletes', () => {
    const engine = engineOf('vie', 'vie');
    engine.add(1, 'mort', null);
    engine.delete(2);
    engine.delete(99);
    expect(find(engine, 'vie')).toEqual([]);
    expect(find(engine, 'mort')).toEqual([1]);
    expect(engine.size).toBe(1);
  });
});
