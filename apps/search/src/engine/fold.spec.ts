import { fold } from './fold.ts';

describe('fold', () => {
  it.each([
    ['Écraseur', 'ecraseur'],
    ['E\u0301craseur', 'ecraseur'],
    ['CŒUR', 'coeur'],
    ['Æther', 'aether'],
    ['Straße', 'strasse'],
    ['STRAẞE', 'strasse'],
    ['Łódź', 'lodz'],
    ['Ørsted', 'orsted'],
    ['ﬁn', 'fin'],
    ['ＡＢＣ', 'abc'],
    ['İstanbul', 'istanbul'],
    ['ısı', 'isi'],
    ['ΟΔΟΣ', 'οδοσ'],
    ['ёлка', 'елка'],
    ['don’t', 'dont'],
    ["DON'T", 'dont'],
    ['a\u0300\u0301\u0302\u0303b', 'ab'],
    ['שָׁלוֹם', 'שלום'],
    ['❤️', '❤'],
  ])('%s becomes %s', (word, folded) => {
    expect(fold(word)).toBe(folded);
  });

  it.each([
    ['が', 'か'],
    ['की', 'क'],
    ['한국', '한'],
  ])('keeps %s apart from %s', (word, other) => {
    expect(fold(word)).toBe(word.normalize('NFC'));
    expect(fold(word)).not.toBe(fold(other));
  });
});
