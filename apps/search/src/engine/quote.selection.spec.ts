import fc from 'fast-check';
import { generator } from '#libs/testing/random.ts';
import { fullBitmap } from './bitmap.ts';
import { fold } from './fold.ts';
import { InvertedEngine } from './inverted.engine.ts';
import { buildColumns } from './quote.columns.ts';
import { QuoteNames } from './quote.names.ts';
import { type Choice, Matches, type SelectionFilters } from './quote.selection.ts';

/** The same runs on every machine. What fails is shrunk until this time is over. */
const PARAMETERS = { seed: 1, interruptAfterTimeLimit: 30_000 };

interface Quote {
  text: string;
  userId: string | null;
  author: string | null;
  lang: string | null;
  tags: string[];
}

const AUTHORS = ['Éa Bo', 'ea bo', 'EA BO', 'Zoë', 'Zoe', "'", 'Bo', 'bœuf', 'boeuf', 'two\nlines'];
const TAGS = ['été', 'ete', 'vie', 'vié', 'amour', 'am', 'a', '日本'];
const LANGS = ['fr', 'en', 'grc', 'aa'];
const USERS = ['tintin', 'milou'];
const TEXTS = ['a', 'ab cd', '🐋🐋🐋', 'tonnerre de Brest', 'x'.repeat(40)];

const orNull = (values: string[]) => fc.constantFrom(null, ...values);
const orMissing = (values: string[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constantFrom(...values, 'nobody') },
  );
const id = fc.integer({ min: 1, max: 60 });
const quote: fc.Arbitrary<Quote> = fc.record(
  {
    text: fc.constantFrom(...TEXTS),
    userId: orNull(USERS),
    author: orNull(AUTHORS),
    lang: orNull(LANGS),
    tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 5 }),
  },
  { noNullPrototype: true },
);
const filters: fc.Arbitrary<SelectionFilters> = fc.record(
  {
    userId: orMissing(USERS),
    author: orMissing(AUTHORS),
    tag: orMissing(TAGS),
    lang: orMissing(LANGS),
    minLength: fc.constantFrom(undefined, undefined, 3, 4),
    maxLength: fc.constantFrom(undefined, undefined, 3, 39),
  },
  { noNullPrototype: true },
);
const limit = fc.integer({ min: 1, max: 8 });
const choice: fc.Arbitrary<Choice> = fc.oneof(
  fc.record(
    { kind: fc.constant('page' as const), limit, before: fc.option(id, { nil: undefined }) },
    { noNullPrototype: true },
  ),
  fc.record({ kind: fc.constant('sample' as const), count: limit }, { noNullPrototype: true }),
  fc.record(
    {
      kind: fc.constant('day' as const),
      day: fc.constantFrom('2026-11-27', '2026-11-28'),
      before: id,
    },
    { noNullPrototype: true },
  ),
);

type Step =
  | { kind: 'add'; id: number; quote: Quote }
  | { kind: 'delete'; id: number }
  | { kind: 'restart' }
  | { kind: 'select'; filters: SelectionFilters; choice: Choice }
  | { kind: 'names'; of: 'authors' | 'tags'; prefix: string; limit: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 60, arbitrary: fc.record({ kind: fc.constant('add' as const), id, quote }) },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('delete' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('select' as const), filters, choice }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('names' as const),
      of: fc.constantFrom('authors' as const, 'tags' as const),
      prefix: fc.constantFrom('', 'E', 'é', 'bo', 'BŒ', 'a', "'", 'none'),
      limit,
    }),
  },
);

/** An engine beside its specification: an array of quotes that is filtered. */
class Pair {
  readonly #maxBufferedDocuments: number;
  readonly #quotes = new Map<number, Quote>();
  #engine: InvertedEngine;

  constructor(maxBufferedDocuments: number) {
    this.#maxBufferedDocuments = maxBufferedDocuments;
    this.#engine = new InvertedEngine(maxBufferedDocuments);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'add') {
      const { text, userId, author, lang, tags } = step.quote;
      this.#quotes.set(step.id, step.quote);
      this.#engine.add(step.id, text, userId, {
        author,
        source: null,
        lang,
        tags,
        checksum: step.id * 7,
      });
    } else if (step.kind === 'delete') {
      this.#quotes.delete(step.id);
      this.#engine.delete(step.id);
    } else if (step.kind === 'restart') {
      const chunks = [...this.#engine.snapshot()];
      this.#engine = new InvertedEngine(this.#maxBufferedDocuments);
      await this.#engine.restore(chunks);
    } else if (step.kind === 'select') this.#compareSelection(step.filters, step.choice);
    else this.#compareNames(step.of, step.prefix, step.limit);
    const ids = [1, 20, 40, 60];
    expect(ids.map((id) => this.#engine.checksumOf(id))).toEqual(
      ids.map((id) => (this.#quotes.has(id) ? id * 7 : undefined)),
    );
  }

  #compareSelection(filters: SelectionFilters, choice: Choice): void {
    const matching = [...this.#quotes]
      .filter(([, quote]) => matches(quote, filters))
      .map(([id]) => id)
      .sort((a, b) => b - a);
    const answer = this.#engine.select({ filters, choice });
    expect(answer.total).toBe(matching.length);
    if (choice.kind === 'page') {
      const left = matching.filter((id) => id < (choice.before ?? Number.POSITIVE_INFINITY));
      expect(answer.ids).toEqual(left.slice(0, choice.limit));
      expect(answer.next).toBe(left.length > choice.limit ? answer.ids.at(-1) : null);
    } else if (choice.kind === 'sample') {
      expect(new Set(answer.ids).size).toBe(Math.min(choice.count, matching.length));
      expect(answer.ids).toHaveLength(Math.min(choice.count, matching.length));
      expect(matching).toEqual(expect.arrayContaining(answer.ids));
    } else {
      const earlier = matching.filter((id) => id < choice.before);
      const allowed = earlier.length > 0 ? earlier : matching.slice(-1);
      if (allowed.length === 0) expect(answer.ids).toEqual([]);
      else expect(allowed).toContain(answer.ids[0]);
      expect(answer.ids.length).toBeLessThanOrEqual(1);
      expect(this.#engine.select({ filters, choice })).toEqual(answer);
    }
  }

  #compareNames(of: 'authors' | 'tags', prefix: string, limit: number): void {
    const spellings = [...this.#quotes.values()].flatMap(({ author, tags }) => {
      if (of === 'authors') return author === null ? [] : [author];
      return tags.filter((tag, i) => tags.findIndex((other) => fold(other) === fold(tag)) === i);
    });
    const begins = (key: string) =>
      prefix === '' || (fold(prefix) !== '' && key.startsWith(fold(prefix)));
    const expected = [...Map.groupBy(spellings, fold)]
      .filter(([key]) => begins(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, all]) => ({ name: mostFrequent(all), quotes: all.length }));
    const listed: { name: string; quotes: number }[] = [];
    let after: string | undefined;
    do {
      const page = this.#engine.names({ kind: of, prefix, after, limit });
      expect(page.total).toBe(expected.length);
      expect(page.items.length).toBeLessThanOrEqual(limit);
      listed.push(...page.items);
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(listed).toEqual(expected);
  }
}

function matches({ text, userId, author, lang, tags }: Quote, filters: SelectionFilters): boolean {
  const { length } = [...text];
  return (
    (filters.userId === undefined || userId === filters.userId) &&
    (filters.author === undefined || (author !== null && fold(author) === fold(filters.author))) &&
    (filters.tag === undefined || tags.map(fold).includes(fold(filters.tag))) &&
    (filters.lang === undefined || lang === filters.lang) &&
    length >= (filters.minLength ?? 0) &&
    length <= (filters.maxLength ?? length)
  );
}

function mostFrequent(spellings: string[]): string {
  const counts = [...Map.groupBy(spellings, (spelling) => spelling)];
  counts.sort(([a, all], [b, others]) => others.length - all.length || (a < b ? -1 : 1));
  return counts[0]?.[0] as string;
}

describe('the quotes that an engine selects, and the names it lists', () => {
  it.each([
    { maxBufferedDocuments: 1, numRuns: 25 },
    { maxBufferedDocuments: 4, numRuns: 25 },
    { maxBufferedDocuments: 1024, numRuns: 10 },
  ])('are those of an array that is filtered: %j', async ({ maxBufferedDocuments, numRuns }) => {
    const steps = fc.array(step, { maxLength: 300, size: 'max' });
    const property = fc.asyncProperty(steps, async (steps) => {
      const pair = new Pair(maxBufferedDocuments);
      for (const step of steps) await pair.take(step);
    });
    await fc.assert(property, { ...PARAMETERS, numRuns });
  });
});

it('are saved as they were when a snapshot was begun, whatever changes meanwhile', async () => {
  const engine = new InvertedEngine(8);
  const add = (id: number, name: string) =>
    engine.add(id, 'a', null, {
      author: name,
      source: null,
      lang: 'en',
      tags: [name],
      checksum: id,
    });
  for (let id = 1; id <= 200; id++) add(id, `Before ${id % 50}`);
  const chunks: Uint8Array[] = [];
  for (const chunk of engine.snapshot()) {
    chunks.push(chunk);
    // The numbers of names that are gone are given to new ones, which are more frequent.
    for (let id = 1; id <= 200; id += 2) add(id, `After ${chunks.length}`);
  }
  expect(chunks.length).toBeGreaterThan(4);

  const restored = new InvertedEngine(8);
  await restored.restore(chunks);
  for (const kind of ['author', 'tag'] as const) {
    for (let n = 0; n < 50; n += 2) {
      const filters = { [kind]: `Before ${n}` };
      const choice = { kind: 'page', limit: 10 } as const;
      expect(restored.select({ filters, choice })).toEqual(engine.select({ filters, choice }));
      expect(restored.select({ filters, choice }).total).toBe(4);
    }
  }
});

/** The matches among quotes with these ids, in several sets as segments are. */
function matchesOf(ids: number[], setSize = 40): Matches {
  const names = new QuoteNames();
  const details = { author: null, source: null, lang: null, tags: [], checksum: 0 };
  const sets = Array.from({ length: Math.ceil(ids.length / setSize) }, (_, i) => {
    const some = ids.slice(i * setSize, (i + 1) * setSize);
    return {
      size: some.length,
      ids: Float64Array.from(some),
      ...buildColumns(some.map(() => names.addRow('a', null, details))),
      liveDocs: fullBitmap(some.length),
    };
  });
  const filters = names.numbersOf({});
  if (filters === undefined) throw new Error('No filter names anything');
  return new Matches(sets, filters);
}

/** The sum that is compared with a quantile of the chi-square distribution. */
function chiSquare(counts: number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Ids as the quotes service makes them: microseconds, in batches. */
const IDS = Array.from({ length: 100 }, (_, i) => 1_795_320_201_150_000 + i + 1e6 * (i % 7));

// The quantiles of one in a million of the distribution with 99 degrees of freedom and with 89.
const CHI_SQUARE_99 = 178;
const CHI_SQUARE_89 = 165;

describe('a sample', () => {
  const random = generator(1);
  const randomBelow = (end: number) => Math.floor(random() * end);

  it.each([1, 2, 50, 99])('of %i of 100 quotes has each as often as any other', (count) => {
    const matches = matchesOf(IDS);
    const drawn = new Map(IDS.map((id) => [id, 0]));
    const sizes = new Set<number>();
    for (let i = 0; i < 20_000 / count; i++) {
      const { ids } = matches.choose({ kind: 'sample', count }, randomBelow);
      sizes.add(new Set(ids).size);
      for (const id of ids) drawn.set(id, (drawn.get(id) as number) + 1);
    }
    expect([...sizes]).toEqual([count]);
    expect(chiSquare([...drawn.values()])).toBeLessThan(CHI_SQUARE_99);
  });

  it('has every pair in every order as often as any other', () => {
    const matches = matchesOf(IDS.slice(0, 10), 3);
    const pairs = new Map<string, number>();
    for (let i = 0; i < 18_000; i++) {
      const { ids } = matches.choose({ kind: 'sample', count: 2 }, randomBelow);
      pairs.set(`${ids}`, (pairs.get(`${ids}`) ?? 0) + 1);
    }
    expect(pairs.size).toBe(90);
    expect(chiSquare([...pairs.values()])).toBeLessThan(CHI_SQUARE_89);
  });

  it('asks for one random number a quote, and for none beyond what matches', () => {
    const matches = matchesOf(IDS.slice(0, 5));
    const asked: number[] = [];
    const { ids } = matches.choose({ kind: 'sample', count: 50 }, (end) => {
      asked.push(end);
      return 0;
    });
    expect(asked).toEqual([5, 4, 3, 2, 1]);
    expect(ids.toSorted()).toEqual(IDS.slice(0, 5).toSorted());
  });

  it('is random without being told how', () => {
    const matches = matchesOf(IDS);
    const samples = Array.from({ length: 20 }, () => matches.choose({ kind: 'sample', count: 1 }));
    expect(new Set(samples.map(({ ids }) => ids[0])).size).toBeGreaterThan(5);
  });
});

describe('the quote of a day', () => {
  const before = Number.MAX_SAFE_INTEGER;
  const days = Array.from({ length: 5000 }, (_, i) =>
    new Date(i * 86_400_000).toISOString().slice(0, 10),
  );
  const ofDay = (ids: number[], day: string) =>
    matchesOf(ids).choose({ kind: 'day', day, before }).ids[0] as number;

  it('is each quote about as often as any other', () => {
    const matches = matchesOf(IDS);
    const counts = new Map(IDS.map((id) => [id, 0]));
    for (const day of days) {
      const [id] = matches.choose({ kind: 'day', day, before }).ids;
      counts.set(id as number, (counts.get(id as number) as number) + 1);
    }
    expect(chiSquare([...counts.values()])).toBeLessThan(CHI_SQUARE_99);
  });

  it('stays when others go, and changes for no more days than its own when it goes', () => {
    for (const day of days.slice(0, 200)) {
      const id = ofDay(IDS, day);
      const others = IDS.filter((other) => other !== id);
      expect(ofDay([id, ...others.filter((_, i) => i % 3 > 0)], day)).toBe(id);
      expect(others).toContain(ofDay(others, day));
    }
  });
});
