import { highlight } from './highlighter.ts';

describe('highlight', () => {
  it.each([
    ['ecraseur', "L'Écraseur", 'L&#39;<mark>Écraseur</mark>'],
    ['amour', 'l’amour, AMOURS', 'l’<mark>amour</mark>, <mark>AMOURS</mark>'],
    ['amour vie', 'amours et vie', '<mark>amours</mark> et <mark>vie</mark>'],
    ['"de la" vie', 'la vie de', '<mark>la</mark> <mark>vie</mark> <mark>de</mark>'],
    ['libarte', 'Liberté !', '<mark>Liberté</mark> !'],
    ['liberte', 'liberte libarte', '<mark>liberte</mark> libarte'],
    ['-vie amour', 'amour vie', '<mark>amour</mark> vie'],
    ['script', '<script>"&\'', '&lt;<mark>script</mark>&gt;&quot;&amp;&#39;'],
    ['', '<b>', '&lt;b&gt;'],
  ])('%j in %j', (keyword, text, expected) => {
    expect(highlight(keyword, text)).toBe(expected);
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
