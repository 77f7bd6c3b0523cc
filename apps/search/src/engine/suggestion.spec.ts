import fc from 'fast-check';
import { fieldsOf } from './document.fields.ts';
import { fold } from './fold.ts';
import { InvertedEngine, type Suggestions } from './inverted.engine.ts';
import { NO_DETAILS } from './quote.details.ts';
import { tokenize } from './tokenizer.ts';
import { MAX_QUOTES_READ } from './word.completion.ts';

/** The same runs on every machine. What fails is shrunk until this time is over. */
const PARAMETERS = { seed: 1, interruptAfterTimeLimit: 30_000 };

const WORDS = 'la le mer mère merci amour amours aimer brest l’amour Écume eau a b ba'.split(' ');
const AUTHORS = [
  ...['Victor Hugo', 'victor hugo', 'Jean Victor Hugo', 'Hugo', 'Mère Teresa', 'Hugues Aufray'],
  ...["L'Abbé Bo", 'Anne-Marie Bo', '"Weird" Al', '村上', 'Émile', 'emile'],
];
const PREFIXES = [
  ...['', 'a', 'am', 'AMOUR', 'm', 'mer', 'l’am', 'mer a', 'la m', 'la mer b', '"la mer" a', 'zz'],
  ...[
    'la -mer a',
    '-am',
    '"la',
    'am ',
    'h',
    'hug',
    'Victor h',
    'victor ',
    'b',
    'marie b',
    'é',
    "'",
  ],
];

interface Quote {
  text: string;
  author: string | null;
}

/** What the index suggests, computed from the quotes. */
function specified(quotes: Map<number, Quote>, prefix: string, limit: number): Suggestions {
  const all = [...quotes.values()];
  return { authors: authorsOf(all, prefix, limit), ...completionsOf(quotes, prefix, limit) };
}

function authorsOf(quotes: Quote[], prefix: string, limit: number) {
  const beginning = fold(prefix).trimStart();
  const spellings = quotes.map(({ author }) => author).filter((author) => author !== null);
  const found = [...new Set(spellings.map(fold))].flatMap((name) => {
    const starts = [...name.matchAll(/(?<![\p{L}\p{N}])[\p{L}\p{N}]/gu)].map(({ index }) => index);
    const rests = starts.map((start) => name.slice(start));
    const [first] = rests.filter((rest) => rest.startsWith(beginning)).sort();
    if (first === undefined || beginning === '') return [];
    const own = spellings.filter((spelling) => fold(spelling) === name).sort();
    const count = (spelling: string) => own.filter((other) => other === spelling).length;
    const [usual = ''] = own.toSorted((a, b) => count(b) - count(a));
    return [{ order: `${first}\0${name}`, name: usual, quotes: own.length }];
  });
  found.sort((a, b) => b.quotes - a.quotes || (a.order < b.order ? -1 : 1));
  return found.slice(0, limit).map(({ name, quotes }) => ({ name, quotes }));
}

function completionsOf(quotes: Map<number, Quote>, prefix: string, limit: number) {
  const none = { start: prefix.length, completions: [] };
  const last = tokenize(prefix).at(-1);
  if (last === undefined || last.end < prefix.length || /^-|^"[^"]*$/.test(prefix)) return none;
  const before = tokenize(prefix)
    .slice(0, -1)
    .map(({ term }) => term);
  const isMatch = (terms: string[], text: string) =>
    (prefix.includes('-mer') ? !terms.includes('mer') && terms.includes('la') : true) &&
    (prefix.startsWith('"') ? / la mer /.test(` ${text} `) : true) &&
    (prefix.includes('-mer') || before.every((term) => terms.includes(term)));
  const counts = new Map<string, number[]>();
  for (const [id, { text, author }] of quotes) {
    const terms = fieldsOf(text, { ...NO_DETAILS, author }).flat();
    if (!isMatch(terms, fieldsOf(text, NO_DETAILS).flat().join(' '))) continue;
    for (const term of new Set(terms)) {
      if (term.startsWith(last.term)) counts.set(term, [...(counts.get(term) ?? []), id]);
    }
  }
  const completions = [...counts]
    .map(([term, ids]) => ({ term, quotes: ids.length, examples: ids }))
    .sort((a, b) => b.quotes - a.quotes || (a.term < b.term ? -1 : 1));
  return { start: last.start, completions: completions.slice(0, limit) };
}

const quote = fc.record(
  {
    text: fc
      .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 6 })
      .map((w) => w.join(' ')),
    author: fc.constantFrom(null, ...AUTHORS),
  },
  { noNullPrototype: true },
);

it.each([
  { maxBufferedDocuments: 4, maxLength: 60, limits: [1, 6], numRuns: 60 },
  { maxBufferedDocuments: 64, maxLength: 60, limits: [1, 6], numRuns: 20 },
  // More matches than are read, and common terms; the limit is above what may complete a prefix.
  { maxBufferedDocuments: 256, maxLength: 24 * MAX_QUOTES_READ, limits: [20, 20], numRuns: 6 },
])(
  'suggests as its specification does: %j',
  ({ maxBufferedDocuments, maxLength, limits: [min, max], numRuns }) => {
    const id = fc.integer({ min: 1, max: maxLength });
    const minLength = Math.floor(maxLength / 2);
    const steps = fc.array(fc.tuple(id, fc.option(quote, { freq: 9 })), {
      minLength,
      maxLength,
      size: 'max',
    });
    const prefixes = fc.array(fc.constantFrom(...PREFIXES), { minLength: 1, maxLength: 12 });
    const property = fc.property(
      steps,
      prefixes,
      fc.integer({ min, max }),
      (steps, some, limit) => {
        const engine = new InvertedEngine(maxBufferedDocuments);
        const quotes = new Map<number, Quote>();
        const compare = () => {
          for (const prefix of some) {
            const { completions, ...rest } = engine.suggest({ prefix, limit });
            const expected = specified(quotes, prefix, limit);
            expect({
              ...rest,
              completions: completions.map(({ term, quotes }) => [term, quotes]),
            }).toEqual({
              ...expected,
              completions: expected.completions.map(({ term, quotes }) => [term, quotes]),
            });
            completions.forEach(({ examples }, i) => {
              expect(expected.completions[i]?.examples).toEqual(expect.arrayContaining(examples));
              expect(new Set(examples).size).toBe(examples.length);
              expect(examples.length).toBeGreaterThan(0);
            });
          }
        };
        for (const [i, [id, quote]] of steps.entries()) {
          quotes.delete(id);
          if (quote === null) engine.delete(id);
          else {
            quotes.set(id, quote);
            engine.add(id, quote.text, null, { ...NO_DETAILS, author: quote.author });
          }
          if (i === steps.length >> 1) compare();
        }
        compare();
      },
    );
    fc.assert(property, { ...PARAMETERS, numRuns });
  },
);
