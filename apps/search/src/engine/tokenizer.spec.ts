import { tokenize } from './tokenizer.ts';

function terms(text: string): string {
  return tokenize(text)
    .map((token) => token.term)
    .join(' ');
}

describe('tokenize', () => {
  it.each([
    ['', ''],
    [' \n\t.,;:!?«»…—', ''],
    ["l'amour", 'amour'],
    ['L’Amour', 'amour'],
    ["jusqu'à ce qu'il puisqu’elle", 'a ce il elle'],
    ["d'l'eau", 'eau'],
    ["aujourd'hui don't o'clock rock'n'roll", 'aujourdhui dont oclock rocknroll'],
    ["l' 'n' qu", 'l n qu'],
    ['e-mail, C++ & 3.14', 'e mail c++ 3.14'],
    ['snake_case', 'snake case'],
    ['日本語が', '日 本 語 が'],
    ['한국어 문장', '한국어 문장'],
    ['ก็ดี', 'ก็ ดี'],
    ['ok👍🏽ok', 'ok 👍 ok'],
    ['👩‍👩‍👧 🇫🇷 ❤️', '👩‍👩‍👧 🇫🇷 ❤'],
    ['\ud800 lone \udc00', 'lone'],
  ])('%j has the words %j', (text, expected) => {
    expect(terms(text)).toBe(expected);
  });

  it('says where each word stands in the original, the elided article left out', () => {
    const text = 'Qu’est-ce que l’E\u0301té ?';
    expect(tokenize(text).map((token) => text.slice(token.start, token.end))).toEqual([
      'est',
      'ce',
      'que',
      'E\u0301té',
    ]);
  });

  it('cuts words of more than 64 units, never inside a character', () => {
    expect(terms('x'.repeat(100))).toBe('x'.repeat(64));
    expect(terms(`x${'𝒳𐐷'.repeat(50)}`).isWellFormed()).toBe(true);
  });
});
