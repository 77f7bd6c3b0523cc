import fc from 'fast-check';
import { XmlDocument, type XmlElement } from 'libxml2-wasm';
import type { Quote } from '#libs/quotes/quote.document.ts';
import { newQuoteSchema } from '#libs/quotes/quote.schema.ts';
import { quoteCard } from './quote.card.ts';

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

interface Element {
  name: string;
  /** What stands in it. */
  text: string;
  attributes: Readonly<Record<string, string>>;
}

/** All elements of a card, in order, as its parser sees them. */
function elementsOf(card: string): Element[] {
  using document = XmlDocument.fromString(card);
  return document.find('//*').map((node) => {
    const { name, content, attrs } = node as XmlElement;
    const attributes = Object.fromEntries(attrs.map((attr) => [attr.name, attr.content]));
    return { name, text: content, attributes };
  });
}

const textsOf = (elements: readonly Element[]) =>
  elements.filter(({ name }) => name === 'text').map(({ text }) => text);

const heightOf = ([svg]: readonly Element[]) => Number(svg?.attributes.height);

describe('a card of any quote that is accepted', () => {
  const hostile = fc.constantFrom(
    '<script>alert(1)</script>',
    '</text><image href="//evil.example"/>',
    '" onload="alert(1)',
    ']]>',
    '<!--',
    '&lt;&#0;&nbsp;',
    '\ufffe\uffff',
    '\u202e\u2066',
    'שלום',
    '君子「自强」。',
    '👩‍👩‍👧',
    ' ',
    '\r\n\t',
  );
  const text = (maxLength: number) =>
    fc
      .array(fc.oneof(hostile, fc.string({ unit: 'binary' }), fc.string()), {
        minLength: 1,
        maxLength,
      })
      .map((parts) => parts.join(''));
  const accepted = fc
    .record({ quote: text(30), author: fc.option(text(3)), source: fc.option(text(5)) })
    .filter((body) => newQuoteSchema.safeParse(body).success)
    .map((body) => newQuoteSchema.parse(body));
  /** What is left of a text however it was broken into lines. */
  const characters = (text: string) =>
    text.replace(/[\s\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g, '');

  const ELEMENTS = new Set('svg title style rect path g text'.split(' '));
  const ATTRIBUTES = new Set(
    [
      'aria-labelledby class d direction font-size height id role rx text-anchor transform viewBox',
      'width x y',
    ].flatMap((names) => names.split(' ')),
  );

  it('is XML, has only elements of its own, and shows the whole text', () => {
    const property = fc.property(accepted, ({ quote: text, author, source, lang }) => {
      const elements = elementsOf(quoteCard({ ...quote, quote: text, author, source, lang }));
      const foreign = elements.flatMap(({ name, attributes }) => [
        ...(ELEMENTS.has(name) ? [] : [name]),
        ...Object.keys(attributes).filter((attribute) => !ATTRIBUTES.has(attribute)),
      ]);
      expect(foreign).toEqual([]);
      expect(characters(textsOf(elements).join(''))).toBe(
        characters(text + (author ?? '') + (source ?? '')),
      );
    });
    fc.assert(property, { seed: 1, numRuns: 300 });
  });
});

it('needs no script and nothing from elsewhere', () => {
  const card = quoteCard({ ...quote, author: 'Haddock', source: 'Le Crabe', lang: 'fr' });
  expect(card.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
    /script|href|url|@import|:\/\//,
  );
});

it('is named by the whole quote for screen readers', () => {
  const card = quoteCard({ ...quote, quote: 'un\ndeux', author: 'Haddock', lang: 'fr' });
  const [svg, title] = elementsOf(card);
  expect(svg?.attributes).toMatchObject({ role: 'img', 'aria-labelledby': 'title', lang: 'fr' });
  expect(title).toEqual({
    name: 'title',
    text: 'un deux \u2014 Haddock',
    attributes: { id: 'title' },
  });
});

it.each([
  [
    'Hebrew',
    'שלום עולם',
    'Haddock',
    [
      ['rtl', undefined],
      [undefined, 'end'],
    ],
  ],
  [
    'Arabic',
    '« السلام »',
    'محمد',
    [
      ['rtl', undefined],
      ['rtl', undefined],
    ],
  ],
  [
    'Latin by a Hebrew author',
    'Peace',
    'עמוס',
    [
      [undefined, undefined],
      ['rtl', 'end'],
    ],
  ],
])('begins lines of %s where they are read from', (_name, text, author, directions) => {
  const groups = elementsOf(quoteCard({ ...quote, quote: text, author })).filter(
    ({ name }) => name === 'g',
  );
  const found = groups.map(({ attributes }) => [attributes.direction, attributes['text-anchor']]);
  expect(found).toEqual(directions);
});

it('sets a long text smaller', () => {
  const sizes = [1, 20, 80, 160, 300, 600, 2000].map((length) => {
    const text = 'lorem ipsum '.repeat(200).slice(0, length).trim();
    const elements = elementsOf(quoteCard({ ...quote, quote: text }));
    return Number(elements.find(({ name }) => name === 'g')?.attributes['font-size']);
  });
  expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  expect([sizes[0], sizes.at(-1)]).toEqual([40, 20]);
});

it.each([
  ['the longest prose', 'lorem ipsum '.repeat(200).slice(0, 1999), 1200],
  ['a thousand lines', 'a\n'.repeat(999), 1200],
  ['empty lines', `a${'\n'.repeat(1998)}b`, 300],
  ['the widest characters', '\u{12000}'.repeat(2000), 4000],
])('the height of a card is bounded with %s', (_name, text, max) => {
  expect(heightOf(elementsOf(quoteCard({ ...quote, quote: text })))).toBeLessThan(max);
});

it('keeps the lines of a verse, with less room between stanzas', () => {
  const verse =
    'Maître Corbeau, sur un arbre perché,\nTenait en son bec un fromage.\n\nEt bonjour.';
  expect(textsOf(elementsOf(quoteCard({ ...quote, quote: verse })))).toEqual(
    verse.split('\n').filter((line) => line !== ''),
  );
});
