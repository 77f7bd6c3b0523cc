import { idSchema, prefixSchema, textSchema } from './text.schema.ts';

describe('prefixSchema', () => {
  it('counts blanks at the ends', () => {
    expect(prefixSchema(5).parse(' ab\u3000 ')).toBe(' ab\u3000 ');
    expect(prefixSchema(5).safeParse('abcde ').success).toBe(false);
  });

  it.each(['', '  ', '\u0301', 'a\0', '\ud800', null])('refuses %j', (value) => {
    expect(prefixSchema(5).safeParse(value).success).toBe(false);
  });
});

describe('textSchema', () => {
  const schema = textSchema(5);

  it.each([
    ['trims', ' \n a b\u3000', 'a b'],
    ['counts characters, not UTF-16 units', '🐋🐋🐋🐋🐋', '🐋🐋🐋🐋🐋'],
    ['counts after trimming', '  abcde  ', 'abcde'],
    ['keeps line breaks and tabs inside', 'a\r\n\tb', 'a\r\n\tb'],
  ])('%s', (_name, text, expected) => {
    expect(schema.parse(text)).toBe(expected);
  });

  it.each([
    '',
    '   ',
    '\u2028\ufeff',
    'abcdef',
    'a\0',
    '\u007fa',
    'a\u009b',
    '\ud800',
    'a\udfff',
    null,
    1,
    ['a'],
  ])('refuses %j', (value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});

describe('what must be visible', () => {
  const schema = textSchema(100);

  it.each([
    ['zero-width', '\u200b\u200c\u200d\u2060\ufeff\u180e'],
    ['bidi', '\u200e\u200f\u202a\u202e\u2066\u2069\u061c'],
    ['variation', '\ufe00\ufe0f\u{e0100}'],
    ['combining', '\u0301\u0332\u20dd\u0903'],
    ['filler', '\u115f\u1160\u3164\uffa0\u17b4\u{16fe4}'],
    ['tag', '\u{e0001}\u{e0041}\u{e007f}'],
    ['blank', '\u2800\ufffc\u{1d159}\u{13441}\u{13442}\u00ad\u034f\u{1d173}'],
    ['private or unassigned', '\ue000\u0378\uffff\u{10fffd}'],
  ])('is not there in %s characters, alone or all together', (_name, text) => {
    for (const character of [...text, text, ` ${text}\u3000`]) {
      expect([character, schema.safeParse(character).success]).toEqual([character, false]);
      expect(schema.safeParse(`${character}a`).success).toBe(true);
    }
  });

  it.each(['a', '1', '!', '…', '♥', '語', 'ㅎ', 'ก', '🐋', '👩‍🚀', '❤️', 'é', '༄', '_', '´', '⁂'])(
    'is there in %s',
    (text) => {
      expect(schema.parse(text)).toBe(text);
    },
  );
});

describe('idSchema', () => {
  it.each(['a', 'A-z_0.9', 'x'.repeat(64)])('accepts %s', (id) => {
    expect(idSchema.parse(id)).toBe(id);
  });

  it.each(['', 'a b', 'é', 'a\n', 'a/b', 'x'.repeat(65), '{a}', 1, null])('refuses %j', (id) => {
    expect(idSchema.safeParse(id).success).toBe(false);
  });
});
