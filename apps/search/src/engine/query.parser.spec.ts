import { MAX_WORDS, parseQuery } from './query.parser.ts';

/** `word` plain, `word*` also as a prefix, `=word` exact only. */
function words(keyword: string): string {
  return parseQuery(keyword)
    .words.map(({ term, prefix, exact }) => `${exact ? '=' : ''}${term}${prefix ? '*' : ''}`)
    .join(' ');
}

describe('parseQuery', () => {
  it.each([
    ['', ''],
    ['  -- "" - ', ''],
    ['Écraseur', 'ecraseur*'],
    ["l'amour fou ", 'amour fou*'],
    ['to be or not to be', 'to be* or not'],
    ['"de la" vie', '=de =la vie*'],
    ['vie "de la', 'vie =de =la'],
    ['la “de la”', '=la =de'],
    ['amour -haine', 'amour'],
    ['amour -', 'amour*'],
    ['porte-clé', 'porte cle*'],
    ['-haine', ''],
  ])('%j asks for %j', (keyword, expected) => {
    expect(words(keyword)).toBe(expected);
  });

  it('keeps the order of phrases and of exclusions', () => {
    const query = parseQuery('a "b c" -d -"e f" -g-h "i"');
    expect(query.phrases).toEqual([['b', 'c']]);
    expect(query.excluded).toEqual([['d'], ['e', 'f'], ['g', 'h']]);
  });

  it(`stops at ${MAX_WORDS} words, and so do phrases and exclusions`, () => {
    const many = Array.from({ length: 500 }, (_, i) => `w${i}`);
    expect(parseQuery(many.join(' ')).words.map((word) => word.term)).toEqual(many.slice(0, MAX_WORDS));
    expect(parseQuery(`"${many.join(' ')}"`).phrases).toEqual([many.slice(0, MAX_WORDS)]);
    expect(parseQuery(many.map((word) => `-${word}`).join(' ')).excluded).toHaveLength(MAX_WORDS);
  });
});
