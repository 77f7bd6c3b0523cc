import { highlight as highlightSought } from './highlighter.ts';
import { parseQuery } from './query.parser.ts';

const highlight = (keyword: string, text: string, maxRead?: number, similar: string[][] = []) =>
  highlightSought(
    { query: parseQuery(keyword), similar, inflected: [], rewritings: [] },
    text,
    maxRead,
  );

describe('highlight', () => {
  it.each([
    ['ecraseur', "L'Écraseur", 'L&#39;<mark>Écraseur</mark>'],
    ['amour', 'l’amour, AMOURS', 'l’<mark>amour</mark>, <mark>AMOURS</mark>'],
    ['amour vie', 'amour et vies', '<mark>amour</mark> et <mark>vies</mark>'],
    ['"de la" vie', 'la vie de la', 'la <mark>vie</mark> <mark>de</mark> <mark>la</mark>'],
    ['東京', '東と東京', '東と<mark>東京</mark>'],
    ['god', "God's plan", '<mark>God&#39;s</mark> plan'],
    ['1000', '1,000 ways', '<mark>1,000</mark> ways'],
    ['amore', "dell'amore", 'dell&#39;<mark>amore</mark>'],
    ['-vie amour', 'amour vie', '<mark>amour</mark> vie'],
    ['script', '<script>"&\'', '&lt;<mark>script</mark>&gt;&quot;&amp;&#39;'],
    ['', '<b>', '&lt;b&gt;'],
  ])('%j in %j', (keyword, text, expected) => {
    expect(highlight(keyword, text)).toBe(expected);
  });

  it('marks what a word was taken for, unless the word itself is there', () => {
    expect(highlight('libarte', 'Liberté !', undefined, [['liberte']])).toBe(
      '<mark>Liberté</mark> !',
    );
    expect(highlight('liberte', 'liberte libarte', undefined, [['libarte']])).toBe(
      '<mark>liberte</mark> libarte',
    );
  });

  it('marks inflected forms, and words that were split or joined', () => {
    const query = parseQuery('jardins wellbeing');
    const sought = { query, similar: [], inflected: [['jardin'], []], rewritings: [] };
    const rewritings = [{ words: ['wellbeing'], terms: ['well', 'being'] }];
    const text = 'Jardins, jardin, well, well-being';
    const [first, last] = ['<mark>Jardins</mark>, <mark>jardin</mark>, well, ', 'well-being'];
    expect(highlightSought(sought, text)).toBe(first + last);
    expect(highlightSought({ ...sought, rewritings }, text)).toBe(
      `${first}<mark>well</mark>-<mark>being</mark>`,
    );
    expect(highlightSought({ ...sought, rewritings }, 'wellbeing, well-being')).toBe(
      '<mark>wellbeing</mark>, well-being',
    );
  });

  it('looks at no more of a text than it may, and at no half word', () => {
    const text = `${'bla '.repeat(100)}amours ${'bla '.repeat(100)}`;
    expect(highlight('amour', text, 407)).toContain('<mark>amours</mark>');
    expect(highlight('amour', text, 405)).not.toContain('mark');
    expect(highlight('amour', text, 405)).toMatch(/^(bla )+bla…$/);
  });

  it('cuts a long text around the window that holds most words', () => {
    const text = `${'amour '.repeat(60)}${'bla '.repeat(60)}amour de la vie ${'bla '.repeat(60)}`;
    const fragment = highlight('amour vie', text);
    expect(fragment).toContain('<mark>amour</mark> de la <mark>vie</mark>');
    expect(fragment).toMatch(/^….*…$/);
    expect(fragment.replace(/<\/?mark>|…/g, '').length).toBeLessThanOrEqual(200);
  });

  it('shows the beginning of a long text in which nothing matches', () => {
    expect(highlight('zzz', 'word '.repeat(100))).toBe(`${'word '.repeat(40).trim()}…`);
  });

  it('shows a match longer than a fragment whole', () => {
    const word = 'x'.repeat(300);
    expect(highlight(word, `before ${word} after`)).toContain(`<mark>${word}</mark>`);
  });
});
