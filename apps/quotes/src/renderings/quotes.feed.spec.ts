import { readFileSync } from 'node:fs';
import { RelaxNGValidator, XmlDocument } from 'libxml2-wasm';
import type { Quote } from '#libs/quotes/quote.document.ts';
import { quotesFeed } from './quotes.feed.ts';

const quote: Quote = {
  id: '1763740800000000',
  quote: 'Tonnerre de Brest !',
  author: null,
  source: null,
  lang: null,
  tags: [],
  user_id: null,
  created_at: '2026-11-21T16:00:00.000Z',
  updated_at: '2026-11-21T16:00:00.000Z',
};

/** A quote with everything that XML and a reader could take for something else. */
const hostile: Quote = {
  ...quote,
  id: '2',
  quote: '<script>alert(1)</script>\n]]> &lt; &#0; "\' \ufffe\u202e\u2028fin',
  author: 'A & "B"\n\t<c>',
  source: '</div></content>',
  lang: 'fr',
  tags: ['<b>', '"a" & b'],
  updated_at: '2026-11-25T16:00:00.000Z',
};

const NAMESPACES = { a: 'http://www.w3.org/2005/Atom', x: 'http://www.w3.org/1999/xhtml' };

const schema = XmlDocument.fromBuffer(readFileSync('apps/quotes/test/atom.rng'));
const validator = RelaxNGValidator.fromDoc(schema);
afterAll(() => {
  validator.dispose();
  schema.dispose();
});

/** What an XPath finds in a feed, which must be valid. */
function contents(quotes: readonly Quote[], ...paths: string[]): string[][] {
  using document = XmlDocument.fromString(quotesFeed(quotes));
  validator.validate(document);
  return paths.map((path) => document.find(path, NAMESPACES).map((node) => node.content));
}

it('is a valid feed with no quotes, of any quotes', () => {
  expect(contents([], '//a:entry', '/a:feed/a:updated')).toEqual([
    [],
    ['2000-01-01T00:00:00.000Z'],
  ]);
  contents([quote, hostile]);
  contents([{ ...hostile, quote: '\u{1f40b}'.repeat(2000), author: 'x', tags: [] }]);
});

it('has the quotes in the order given, by ids that are the same on every host', () => {
  const [ids, updated, titles] = contents(
    [hostile, quote],
    '//a:entry/a:id',
    '//a:updated',
    '//a:entry/a:title',
  );
  expect(ids).toEqual([
    'urn:quotes-platform:quote:2',
    'urn:quotes-platform:quote:1763740800000000',
  ]);
  // The feed was changed when the last of its quotes was, wherever that stands.
  expect(updated).toEqual([hostile.updated_at, hostile.updated_at, quote.updated_at]);
  expect(titles?.[1]).toBe('Tonnerre de Brest !');
  expect(contents([quote, hostile], '/a:feed/a:updated')).toEqual([[hostile.updated_at]]);
});

it('shows a quote as it is written, whatever that is', () => {
  const [lines, attribution, terms, authors] = contents(
    [hostile],
    '//x:blockquote/x:p/text()',
    '//x:div/x:p',
    '//a:category/@term',
    '//a:entry/a:author/a:name',
  );
  expect(lines).toEqual(['<script>alert(1)</script>', ']]> &lt; &#0; "\' ', 'fin']);
  expect(attribution).toEqual(['\u2014 A & "B" <c>, </div></content>']);
  expect(terms).toEqual(hostile.tags);
  expect(authors).toEqual(['A & "B" <c>']);
});

it('is by the platform where nobody is known to have said a quote', () => {
  expect(contents([quote], '/a:feed/a:author/a:name', '//a:entry/a:author')).toEqual([
    ['Quotes platform'],
    [],
  ]);
});

it.each([
  ['a short text', 'un\ndeux', 'un deux'],
  ['a long text', 'lorem ipsum '.repeat(20).trim(), `${'lorem ipsum '.repeat(6)}lorem\u2026`],
  ['a long word', 'a'.repeat(200), `${'a'.repeat(80)}\u2026`],
])('the title of %s is one short line', (_name, text, title) => {
  expect(contents([{ ...quote, quote: text }], '//a:entry/a:title')).toEqual([[title]]);
});

it('names addresses by their paths, so that no header of a request changes them', () => {
  expect(contents([quote], '//@href')).toEqual([
    ['/quotes/feed.atom', '/quotes/1763740800000000.svg'],
  ]);
});
