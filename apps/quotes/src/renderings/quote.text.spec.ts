import type { Quote } from '#libs/quotes/quote.document.ts';
import { quoteText } from './quote.text.ts';

const quote: Quote = {
  id: '1',
  quote: 'Tonnerre de Brest !',
  author: null,
  source: null,
  lang: null,
  tags: [],
  user_id: null,
  created_at: '2026-11-21T16:00:00.000Z',
  updated_at: '2026-11-21T16:00:00.000Z',
};

it.each([
  ['neither', {}, 'Tonnerre de Brest !\n'],
  ['an author', { author: 'Haddock' }, 'Tonnerre de Brest !\n\u2014 Haddock\n'],
  ['a source', { source: 'Le Crabe' }, 'Tonnerre de Brest !\n\u2014 Le Crabe\n'],
  ['both', { author: 'Haddock', source: 'Le\r\n Crabe' }, /^.+\n\u2014 Haddock, Le Crabe\n$/],
])('has a last line for %s', (_name, details, text) => {
  expect(quoteText({ ...quote, ...details })).toMatch(text);
});

it.each([
  ['keeps lines and tabs', 'un\n\tdeux\r\n\ntrois', 'un\n\tdeux\n\ntrois\n'],
  // A terminal would write what follows over what stands there.
  ['ends a line for a carriage return', 'rm -rf\rls', 'rm -rf\nls\n'],
  ['ends a line for what Unicode calls one', 'un\u2028deux\u2029trois', 'un\ndeux\ntrois\n'],
  ['drops what changes the order of characters', 'a\u202eb\u2066c\u2069d\u202c', 'abcd\n'],
  ['keeps the marks that Arabic and Hebrew need', 'א\u200f!', 'א\u200f!\n'],
])('%s', (_name, text, expected) => {
  expect(quoteText({ ...quote, quote: text })).toBe(expected);
});
