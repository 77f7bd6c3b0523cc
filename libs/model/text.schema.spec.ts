import { idSchema, textSchema } from './text.schema.ts';

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

  it.each(['', '   ', '\u2028\ufeff', 'abcdef', 'a\0', '\u007fa', 'a\u009b', '\ud800', 'a\udfff', null, 1, ['a']])(
    'refuses %j',
    (value) => {
      expect(schema.safeParse(value).success).toBe(false);
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
