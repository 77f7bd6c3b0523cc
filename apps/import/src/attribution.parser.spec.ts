import { type AttributionStyle, parseAttribution } from './attribution.parser.ts';

const STYLES: AttributionStyle[] = ['line', 'dash', 'brackets'];

/** The author and source at the end of a text, and the text itself if it lost more than that. */
function parse(text: string) {
  const found = parseAttribution(text, STYLES);
  return found && { style: found.style, quote: found.quote, ...found.named };
}

describe('a line of its own', () => {
  const of = (signature: string) => {
    const { style, quote, ...named } = parse(`Rain.\n\n  Snow.\n${signature}`) ?? {};
    expect([style, quote]).toEqual(['line', 'Rain.\n\n  Snow.']);
    return named;
  };

  it.each([
    ['\t\t-- Ada Quill', { author: 'Ada Quill' }],
    ['-- Ada Quill', { author: 'Ada Quill' }],
    ['\t\t― Ada Quill', { author: 'Ada Quill' }],
    ['\t\t— by Ada Quill.', { author: 'Ada Quill' }],
    ['\t\t-- A. B. C. Quill', { author: 'A. B. C. Quill' }],
    ['\t\t-- Bo Ferris, Jr.', { author: 'Bo Ferris, Jr.' }],
    ['\t\t-- Bo Ferris Jr., "Walls"', { author: 'Bo Ferris Jr.', source: 'Walls' }],
    ["\t\t-- Jean d'Aubier de la Tour", { author: "Jean d'Aubier de la Tour" }],
    ['\t\t-- 詩人', { author: '詩人' }],
    ['\t\t-- Ada Quill, "Letters of Glass"', { author: 'Ada Quill', source: 'Letters of Glass' }],
    ['\t\t-- Ada Quill "Letters of Glass"', { author: 'Ada Quill', source: 'Letters of Glass' }],
    ['\t\t-- Ada Quill, _Letters of Glass_', { author: 'Ada Quill', source: 'Letters of Glass' }],
    ['\t\t-- Ada Quill (Letters of Glass)', { author: 'Ada Quill', source: 'Letters of Glass' }],
    [
      '\t\t-- Ada Quill (actress), "Letters" (1999)',
      { author: 'Ada Quill', source: '(actress), "Letters" (1999)' },
    ],
    ['\t\t-- Ada Quill, in "Letters"', { author: 'Ada Quill', source: 'Letters' }],
    ['\t\t-- Ada Quill on Bo Ferris', { author: 'Ada Quill', source: 'on Bo Ferris' }],
    ['\t\t-- Ada Quill in <7@mail>', { author: 'Ada Quill', source: '<7@mail>' }],
    [
      '\t\t-- Ada Quill, "Letters of Glass",\n\t\t   second edition',
      { author: 'Ada Quill', source: '"Letters of Glass", second edition' },
    ],
    ['\t\t-- Seen On Walls All Over Town', { source: 'Seen On Walls All Over Town' }],
    ['\t\t-- "Letters of Glass"', { source: 'Letters of Glass' }],
    ["\t\t-- Quill's law", { source: "Quill's law" }],
    ['\t\t-- seen on a wall in 1981', { source: 'seen on a wall in 1981' }],
  ])('%j', (signature, named) => {
    expect(of(signature)).toEqual(named);
  });

  it.each([
    ['with nothing before it', '\t\t-- Ada Quill'],
    ['with a text behind it', 'Rain.\n\t\t-- Ada Quill\nSnow.'],
    ['with a paragraph behind it', 'Rain.\n\t\t-- Ada Quill\n\n\tSnow.'],
    ['in a dialogue', '— Rain?\n— Ada Quill'],
    ['that is too long', `Rain.\n\t\t-- Ada Quill, "${'x'.repeat(201)}"`],
  ])('%s is none', (_what, text) => {
    expect(parse(text)).toBeUndefined();
  });
});

describe('in the same line', () => {
  it.each([
    ['Rain. -- Ada Quill', { style: 'dash', quote: 'Rain.', author: 'Ada Quill' }],
    ['"Rain." - Ada Quill', { style: 'dash', quote: 'Rain.', author: 'Ada Quill' }],
    ['- Rain. - Ada Quill', { style: 'dash', quote: '- Rain.', author: 'Ada Quill' }],
    ['“Rain.” —Ada Quill', { style: 'dash', quote: 'Rain.', author: 'Ada Quill' }],
    ['« Rain. » – Ada Quill', { style: 'dash', quote: 'Rain.', author: 'Ada Quill' }],
    [
      'Rain ― Ada Quill, Letters',
      { style: 'dash', quote: 'Rain', author: 'Ada Quill', source: 'Letters' },
    ],
    [
      'Rain - or snow. - Ada Quill',
      { style: 'dash', quote: 'Rain - or snow.', author: 'Ada Quill' },
    ],
    ['Rain. (Ada Quill)', { style: 'brackets', quote: 'Rain.', author: 'Ada Quill' }],
    ['Rain！（詩人）', { style: 'brackets', quote: 'Rain！', author: '詩人' }],
    [
      'Rain. (Ada Quill, Letters)',
      { style: 'brackets', quote: 'Rain.', author: 'Ada Quill', source: 'Letters' },
    ],
    [
      'Rain (again). (Quill et Ferris)',
      { style: 'brackets', quote: 'Rain (again).', author: 'Quill et Ferris' },
    ],
  ])('%j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it.each([
    'Rain.',
    'Rain - and snow',
    'Rain. -- and then some more of it',
    'Rain -- 1981',
    'Rain. (It rained a lot that year)',
    'Rain (again)',
    'Rain (1981)',
    'well-known',
    '(Ada Quill)',
  ])('%j has no author', (text) => {
    expect(parse(text)).toBeUndefined();
  });
});

it('is looked for only in the styles that are asked for', () => {
  expect(parseAttribution('Rain. (Ada Quill)', ['line', 'dash'])).toBeUndefined();
});

it('takes linear time', () => {
  const started = performance.now();
  for (const part of ['- ', '. -- ', '(', ' — x', '\n-- A', ') '])
    parseAttribution(part.repeat(65_536 / part.length), STYLES);

  expect(performance.now() - started).toBeLessThan(1000);
});
