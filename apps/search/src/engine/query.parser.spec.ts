import { MAX_EXCLUSIONS, MAX_PHRASES, MAX_WORDS } from '#libs/quotes/search.limits.ts';
import { parseQuery, queryExcess } from './query.parser.ts';

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
    ['5"10 12" vinyl', '5 10 12 vinyl*'],
    ['«de la» vie', '=de =la vie*'],
    ['„de la“ vie »amour fou«', '=de =la vie =amour =fou'],
    ['"5"10 tall" man', '=5 =10 =tall man*'],
    ['צה"ל', 'צהל*'],
    ['東京', '=東 =京'],
    ['東', '東*'],
    ['iPhone手機 東', 'iphone =手 =機 東*'],
    ['「東京 大学」', '=東 =京 =大 =学'],
  ])('%j asks for %j', (keyword, expected) => {
    expect(words(keyword)).toBe(expected);
  });

  it('keeps the order of phrases and of exclusions', () => {
    const query = parseQuery('a "b c" -d -"e f" -g-h "i"');
    expect(query.phrases).toEqual([['b', 'c']]);
    expect(query.excluded).toEqual([['d'], ['e', 'f'], ['g', 'h']]);
  });

  it('asks for characters of scripts without spaces side by side where they touch', () => {
    const { phrases, excluded } = parseQuery('東京 iPhone手機 大 ความรัก -京都');
    expect(phrases).toEqual([
      ['東', '京'],
      ['手', '機'],
      ['ค', 'ว', 'า', 'ม', 'รั', 'ก'],
    ]);
    expect(excluded).toEqual([['京', '都']]);
    const long = parseQuery('あいうえお'.repeat(4));
    expect(long.phrases.map((phrase) => phrase.join(''))).toEqual([
      'あいうえおあいうえおあいうえおあ',
      'あいうえお',
    ]);
    expect(queryExcess(long)).toBeUndefined();
  });

  it('asks for what is written twice only once', () => {
    const query = parseQuery('"b c" -d -"e f" "b c" -d -"E F" -"f e"');
    expect(query.phrases).toEqual([['b', 'c']]);
    expect(query.excluded).toEqual([['d'], ['e', 'f'], ['f', 'e']]);
  });

  it.each([
    ['different words', MAX_WORDS, (n: number) => `w${n} w0`],
    ['phrases', MAX_PHRASES, (n: number) => `"w w${n}"`],
    ['exclusions', MAX_EXCLUSIONS, (n: number) => `-w${n}`],
    ['words in a phrase or an exclusion', MAX_WORDS, (n: number) => (n === 0 ? '"w' : 'w')],
    ['words in a phrase or an exclusion', MAX_WORDS, (n: number) => (n === 0 ? '-ww' : '.ww')],
  ])('tells of too many %s', (what, most, part) => {
    const keyword = (count: number) =>
      Array.from({ length: count }, (_, n) => part(n)).join(part(1) === '.ww' ? '' : ' ');
    expect(queryExcess(parseQuery(keyword(most)))).toBeUndefined();
    expect(queryExcess(parseQuery(keyword(most + 1)))).toBe(`must have at most ${most} ${what}`);
  });
});
