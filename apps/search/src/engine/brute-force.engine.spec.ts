import { BruteForceEngine } from './brute-force.engine.ts';
import { parseQuery } from './query.parser.ts';
import { NO_DETAILS, type QuoteDetails } from './quote.details.ts';
import { MAX_EXPANSIONS, MAX_FUZZY_WORDS } from './ranking.ts';

function engineOf(...quotes: string[]): BruteForceEngine {
  const engine = new BruteForceEngine();
  quotes.forEach((quote, i) => {
    engine.add(i + 1, quote, i % 2 ? 'tintin' : null);
  });
  return engine;
}

function add(engine: BruteForceEngine, id: number, quote: string, lang: string | null): void {
  engine.add(id, quote, null, { ...NO_DETAILS, lang });
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
    const misspelt = words.map((word) => word.replace('x', 'y')).join(' ');
    const { relaxed } = engine.search({ query: parseQuery(misspelt), limit: 1, offset: 0 });
    expect(relaxed).toEqual([words.at(-1)?.replace('x', 'y')]);

    const near = [...'abcdfghijklmnopqsuvwxyz'].flatMap((letter) => [
      `libert${letter}`,
      `liber${letter}e`,
      `libe${letter}te`,
    ]);
    const likely = near.pop() ?? '';
    const crowd = engineOf();
    // In a language without a stemmer no term is a form of another.
    for (const [i, text] of [...near, likely, likely].entries()) add(crowd, i + 1, text, 'ru');
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

  it.each([
    ['en', 'love', 'loved'],
    ['fr', 'jardins', 'jardin'],
    ['fr', 'mangée', 'manger'],
    ['de', 'Häuser', 'Haus'],
    ['es', 'canciones', 'canción'],
    ['it', 'amori', 'amore'],
    ['pt', 'corações', 'coração'],
    ['nl', 'huizen', 'huis'],
    ['kor', '사랑은', '사랑을'],
  ])('finds inflected forms, below the word itself: %s %s', (lang, form, other) => {
    const engine = engineOf();
    add(engine, 1, `${form} x`, lang);
    add(engine, 2, `${other} x`, lang);
    add(engine, 3, `${other} x`, 'ru');
    // So many that no similar terms are tried.
    for (let id = 11; id <= 20; id++) add(engine, id, `${form} x y`, lang);
    expect(find(engine, `${form} x`)).toHaveLength(12);
    expect(find(engine, `${form} x`).at(-1)).toBe(2);
    expect(find(engine, `"${form}" x`)).toHaveLength(11);
    expect(find(engine, `x -${form}`)).toEqual([3, 2]);
  });

  it('stems a word in the languages of the quotes that hold it', () => {
    const engine = engineOf();
    for (let id = 1; id <= 10; id++) add(engine, id, 'la chair', 'fr');
    add(engine, 11, 'the chairs', 'en');
    add(engine, 12, 'chairs', null);
    expect(find(engine, '"chairs"')).toEqual([12, 11]);
    // The word is French in all quotes with a language, and `chairs` English.
    expect(find(engine, 'chair la')).toHaveLength(10);
    add(engine, 13, 'a chair', 'en');
    add(engine, 14, 'x chair', 'en');
    add(engine, 15, 'x chair', 'fr');
    add(engine, 16, 'x chair', null);
    // In French the word is only similar.
    expect(find(engine, 'chairs x')).toEqual([16, 14, 15]);
  });

  it('splits and joins words where few match', () => {
    const engine = engineOf('their well-being', 'their wellbeing', 'being well', 'le bien-être');
    const rewritings = (keyword: string) =>
      engine.search({ query: parseQuery(keyword), limit: 9, offset: 0 }).rewritings;
    expect(find(engine, 'wellbeing')).toEqual([2, 1]);
    expect(find(engine, 'well being')).toEqual([1, 3, 2]);
    expect(find(engine, 'their well-being')).toEqual([1, 2]);
    expect(find(engine, 'bienêtre')).toEqual([4]);
    expect(find(engine, '"well being"')).toEqual([1]);
    expect(rewritings('wellbeing their')).toEqual([
      { words: ['wellbeing'], terms: ['well', 'being'] },
    ]);
  });

  it('splits a word in two rather than in three', () => {
    const engine = engineOf('your mother', 'm other', 'you r', 'n', 'you', 'your');
    expect(find(engine, 'yourmother')).toEqual([1]);
    add(engine, 7, 'rock n roll', null);
    expect(find(engine, 'rocknroll')).toEqual([7]);
  });

  it('leaves out as few words as it must, the most frequent first', () => {
    const engine = engineOf('tonnerre de brest', 'brest de jour', 'de nuit', 'jour de nuit');
    const search = (keyword: string) =>
      engine.search({ query: parseQuery(keyword), limit: 9, offset: 0 });
    expect(search('tonnerre brest zzz')).toMatchObject({ total: 1, relaxed: ['zzz'] });
    expect(search('tonnerre jour de nuit')).toMatchObject({ relaxed: ['de', 'nuit', 'jour'] });
    expect(search('"de nuit" tonnerre -jour')).toMatchObject({ total: 1, relaxed: ['tonnerre'] });
    expect(search('tonnerre brest')).toMatchObject({ total: 1, relaxed: [] });
    expect(search('zzz')).toMatchObject({ total: 0, relaxed: [] });
    // A word that is known stays, however many are like the other one.
    expect(search('nuid brest')).toMatchObject({ relaxed: ['nuid'] });
  });

  it.each([
    ['a word that is not held', 'tonarre', [['tonarre', 'tonnarre']]],
    ['a word to one that occurs with the others', 'tonnarre brest', [['tonnarre', 'tonnerre']]],
    ['a rare word that is near a frequent one', 'libetre', [['libetre', 'liberte']]],
    [
      'two words',
      'tonnarre bresst',
      [
        ['bresst', 'brest'],
        ['tonnarre', 'tonnerre'],
      ],
    ],
    ['nothing that is right', 'tonnarre', []],
  ])('corrects %s', (_name, keyword, expected) => {
    const many = Array.from({ length: 30 }, () => 'liberte');
    const engine = engineOf('tonnarre', 'tonnarre', 'tonnerre de brest', 'libetre', ...many);
    const { corrections } = engine.search({ query: parseQuery(keyword), limit: 9, offset: 0 });
    expect(corrections.map(({ words, terms }) => [...words, ...terms])).toEqual(expected);
  });
});
