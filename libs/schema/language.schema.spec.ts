import { languageSchema } from './language.schema.ts';

it.each([
  ['en', 'en'],
  [' EN ', 'en'],
  ['eng', 'en'],
  ['fre', 'fr'],
  ['deu', 'de'],
  ['iw', 'he'],
  ['grc', 'grc'],
])('reads the language %j as %s', (given, code) => {
  expect(languageSchema.parse(given)).toBe(code);
});

it.each([[''], ['e'], ['xx'], ['english'], ['en-US'], ['e1'], ['\u0435n'], [null], [7]])(
  'refuses %j as a language',
  (given) => {
    expect(languageSchema.safeParse(given).success).toBe(false);
  },
);
