import { correctedKeyword } from './keyword.correction.ts';

describe('correctedKeyword()', () => {
  it.each([
    ['amuor', [{ words: ['amuor'], terms: ['amour'] }], [], 'amour'],
    [
      'la libetre -"guider" l\'amour',
      [{ words: ['libetre'], terms: ['liberte'] }],
      ['Liberté, j’écris ton nom', 'liberte'],
      'la liberté -"guider" l\'amour',
    ],
    ['Wellbeing now', [{ words: ['wellbeing'], terms: ['well', 'being'] }], [], 'well being now'],
    ['well being now', [{ words: ['well', 'being'], terms: ['wellbeing'] }], [], 'wellbeing now'],
    [
      'tonere de bresst',
      [
        { words: ['tonere'], terms: ['tonnerre'] },
        { words: ['bresst'], terms: ['brest'] },
      ],
      ['Tonnerre de Brest !'],
      'tonnerre de brest',
    ],
    ['amour', [], ['amour'], null],
  ])('%s', (keyword, corrections, texts, expected) => {
    expect(correctedKeyword(keyword, corrections, texts)).toBe(expected);
  });
});
