import { ColumnMapper } from './column.mapper.ts';
import { QUOTE_COLUMNS, trimTags } from './quote.columns.ts';

const map = (row: object) => new ColumnMapper(QUOTE_COLUMNS, new Map()).map(row);
const read = (field: string, value: unknown) =>
  (map({ [field]: value }) as Record<string, unknown>)[field];

it.each([
  [
    { QuoteText: 1, 'Author Name': 2 },
    { quote: 1, author: 2 },
  ],
  [
    { hitokoto: 1, from: 'Work', from_who: 'Ada' },
    { quote: 1, author: 'Ada', source: 'Work' },
  ],
  [
    { text: 1, from: 'Ada' },
    { quote: 1, author: 'Ada' },
  ],
  [
    { quote: 1, text: 2, author: 'Ada', name: 'Bo' },
    { quote: 1, author: 'Ada' },
  ],
  [
    { Œuvre: 'Work', 'mots-clés': 'a' },
    { source: 'Work', tags: ['a'] },
  ],
  [
    { Citação: 1, Autor: 'Ada', Língua: 'pt' },
    { quote: 1, author: 'Ada', lang: 'pt' },
  ],
])('%j becomes %j', (row, mapped) => {
  expect(map(row)).toEqual(mapped);
});

it.each([1, null, 'text', [1]])('%j has no columns', (value) => {
  expect(new ColumnMapper(QUOTE_COLUMNS, new Map()).map(value)).toBe(value);
});

it.each([
  ['Love, life', ['love', 'life']],
  ['love;life|rain', ['love', 'life', 'rain']],
  ['[\'love\', "life"]', ['love', 'life']],
  ['["love", "life"]', ['love', 'life']],
  [' #Love ,, love', ['love']],
  [
    ['Love', 'LIFE'],
    ['love', 'life'],
  ],
  [[], undefined],
  ['', undefined],
  [null, undefined],
  [7, ['7']],
  [
    [7, 'Rain'],
    ['7', 'rain'],
  ],
  [[true], [true]],
])('the tags %j are %j', (value, tags) => {
  expect(read('tags', value)).toEqual(tags);
});

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`);

it.each([
  [['short', 'x'.repeat(33)], ['short'], true],
  [['🐋'.repeat(32)], ['🐋'.repeat(32)], false],
  [numbered(12), numbered(10), true],
  [numbered(10), numbered(10), false],
  [[7], [7], false],
  [undefined, undefined, false],
])('of the tags %j a quote has %j', (tags, fitting, isCut) => {
  expect(trimTags({ quote: 'one', tags })).toEqual({
    row: { quote: 'one', tags: fitting },
    isCut,
  });
});

it.each([null, 'text', [1]])('%j has no tags', (row) => {
  expect(trimTags(row)).toEqual({ row, isCut: false });
});

it.each([
  ['en', 'en'],
  ['EN', 'en'],
  ['eng', 'eng'],
  ['en-GB', 'en'],
  ['zh_Hans_CN', 'zh'],
  ['English', 'en'],
  ['Français', 'fr'],
  ['中文', 'zh'],
  ['', undefined],
  [null, undefined],
  ['no such language', 'no such language'],
])('the language %j is %j', (value, code) => {
  expect(read('lang', value)).toBe(code);
});

it.each([
  [' ', undefined],
  [null, null],
  ['Ada', 'Ada'],
  [{ id: 1, name: 'Ada' }, 'Ada'],
  [7, 7],
])('the author %j is %j', (value, author) => {
  expect(read('author', value)).toEqual(author);
});
