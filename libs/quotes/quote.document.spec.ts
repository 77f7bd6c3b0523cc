import { completeQuote, decodeQuote, encodeQuote } from './quote.document.ts';

const created_at = '2026-11-21T16:00:00.000Z';
const plain = {
  id: '1763740800000000',
  quote: 'É "," \\',
  author: null,
  source: null,
  lang: null,
  tags: [],
  user_id: null,
  created_at,
  updated_at: created_at,
};
/** The order of the values is always the same, so that the bytes of a quote are too. */
const KEYS = [
  'id',
  'user_id',
  'created_at',
  'updated_at',
  'quote',
  'author',
  'source',
  'lang',
  'tags',
];
const changed = { updated_at: '2026-11-22T08:00:00.000Z' };

it.each([
  ['nothing but a text', plain],
  ['an author', { ...plain, author: 'Œdipe "]}' }],
  ['a source', { ...plain, source: '"updated_at":"' }],
  ['a language', { ...plain, lang: 'fr' }],
  ['tags', { ...plain, tags: ['a', '🐋'] }],
  ['a signature', { ...plain, user_id: 'tin-t.in' }],
  ['a change', { ...plain, ...changed }],
  ['a change and an author', { ...plain, ...changed, author: 'x' }],
])('a quote with %s is the same when it is read, and complete when it is sent', (_name, quote) => {
  const stored = encodeQuote(quote);
  expect(decodeQuote(stored)).toEqual(quote);
  const complete = completeQuote(stored);
  expect(JSON.parse(complete)).toEqual(quote);
  expect(Object.keys(JSON.parse(complete))).toEqual(KEYS);
  expect(completeQuote(complete)).toBe(complete);
});

it('takes no more memory than before when there is nothing to say but the text', () => {
  expect(encodeQuote(plain)).toBe(
    `{"id":"1763740800000000","user_id":null,"created_at":"${created_at}","quote":"É \\",\\" \\\\"}`,
  );
});
