import fc from 'fast-check';
import { generator } from '#libs/testing/random.ts';
import { BruteForceEngine } from './brute-force.engine.ts';
import { InvertedEngine } from './inverted.engine.ts';
import { parseQuery, queryExcess } from './query.parser.ts';
import { NO_DETAILS, type QuoteDetails } from './quote.details.ts';
import type { SearchRequest } from './search.engine.ts';
import { MIN_CANDIDATES } from './segment.ranking.ts';

/** The same runs on every machine. What fails is shrunk until this time is over. */
const PARAMETERS = { seed: 1, interruptAfterTimeLimit: 30_000 };

/**
 * Words that fold, elide, share prefixes and are similar, the first ones by far the most frequent.
 */
const VOCABULARY = `
  de la le l'amour vie et the liberte Liberté libertes libre libérer libération liberations amoureux
  amour amours armour amoru écraseur ecraseurs écrase coeur cœur cœurs straße strasse don't dont
  dent dents 日本語 日 👍🏽 👍 ❤️ a ab abc abcd abcde abcdf abdce extraordinaire extraordinaires
  extraodrinaire extraordinary extrordinaire ordinaire jusqu'à demain demains deux chair chairs
  chaire well being wellbeing well-being beings bien être bienêtre bienetres aimée aimer 사랑 사랑을
  12345 12346 1945x liberte2 God's gods U.S.A. usa 1,000 1000 ½ 東京 京東 東 東京都 日本 タイ`
  .trim()
  .split(/\s+/);

const MAX_ID = 150;

/** What happens to both engines. The inverted one goes on from its own snapshot after a restart. */
type Step =
  | { kind: 'add'; id: number; quote: string; userId: string | null; details?: QuoteDetails }
  | { kind: 'delete'; id: number }
  | { kind: 'restart' }
  | { kind: 'fill'; isFilling: boolean }
  | ({ kind: 'search'; keyword: string } & Omit<SearchRequest, 'query'>);

const index = fc.nat(VOCABULARY.length - 1);
const word = fc.tuple(index, index).map(([a, b]) => VOCABULARY[Math.min(a, b)] as string);
const words = (maxLength: number) =>
  fc.array(word, { minLength: 1, maxLength, size: 'max' }).map((words) => words.join(' '));

const prefix = fc.tuple(word, fc.integer({ min: 1, max: 4 })).map(([word, n]) => word.slice(0, n));
const edit = fc.record({
  at: fc.nat(14),
  removed: fc.nat(2),
  inserted: fc.constantFrom('', 'x', 'swapped'),
});
const misspelt = fc.tuple(word, fc.array(edit, { maxLength: 2 })).map(([word, edits]) => {
  const letters = [...word];
  for (const { at, removed, inserted } of edits) {
    const swapped = letters.slice(at, at + 2).reverse();
    letters.splice(at, removed, ...(inserted === 'swapped' ? swapped : inserted));
  }
  return letters.join('');
});

const phrase = fc.oneof({ weight: 3, arbitrary: words(2) }, { weight: 1, arbitrary: words(6) });
const joined = fc.tuple(word, word).map(([left, right]) => left + right);
const part = fc.oneof(
  { weight: 1, arbitrary: joined },
  { weight: 6, arbitrary: word },
  { weight: 2, arbitrary: prefix },
  { weight: 3, arbitrary: misspelt },
  { weight: 2, arbitrary: phrase.map((phrase) => `"${phrase}"`) },
  { weight: 1, arbitrary: word.map((word) => `-${word}`) },
  { weight: 2, arbitrary: phrase.map((phrase) => `-"${phrase}"`) },
);
const keyword = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(part, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(part, { maxLength: 16, size: 'max' }) },
  )
  .map((parts) => parts.join(' '))
  .filter((keyword) => queryExcess(parseQuery(keyword)) === undefined);

const id = fc.integer({ min: 1, max: MAX_ID });
// Position masks are exact for up to 16 words.
const quote = fc.oneof({ weight: 19, arbitrary: words(12) }, { weight: 1, arbitrary: words(80) });
const user = fc.constantFrom(null, null, 'tintin', 'milou');

const plain = { noNullPrototype: true };
// Names that many quotes have, some of them in several spellings.
const name = fc.constantFrom('Libérté', 'liberte', "L'Amour", 'amour', 'Le Cœur', 'dont', '日');
const orMissing = <T>(weight: number, filter: fc.Arbitrary<T>) =>
  fc.oneof({ weight, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: filter });
const filters = fc.record(
  {
    userId: orMissing(2, fc.constantFrom('tintin', 'milou', 'nobody')),
    author: orMissing(2, fc.oneof(name, words(1))),
    tag: orMissing(2, fc.oneof(name, words(1))),
    lang: orMissing(2, fc.constantFrom('fr', 'eng', 'grc')),
    maxLength: orMissing(2, fc.constantFrom(20, 40)),
  },
  plain,
);
const lang = fc.constantFrom(null, null, 'fr', 'fr', 'en', 'eng', 'de', 'it', 'ko', 'ru');
// Most quotes have a text alone, and most others one field or two.
const orNull = <T>(weight: number, field: fc.Arbitrary<T>) =>
  fc.oneof({ weight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: field });
const details = fc.oneof(
  { weight: 1, arbitrary: fc.constant(NO_DETAILS) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        author: orNull(1, fc.oneof(words(3), name)),
        source: orNull(3, words(6)),
        lang,
        tags: fc.uniqueArray(fc.oneof(name, words(2)), { maxLength: 4 }),
        checksum: fc.constant(0),
      },
      plain,
    ),
  },
);

const add = { kind: fc.constant('add' as const), id, quote, userId: user, details };
const deletion = { kind: fc.constant('delete' as const), id };
const restart = { kind: fc.constant('restart' as const) };
const fill = { kind: fc.constant('fill' as const), isFilling: fc.boolean() };
const search = {
  kind: fc.constant('search' as const),
  keyword,
  filters: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: filters },
  ),
  facets: fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.subarray(['author' as const, 'tag' as const, 'lang' as const]) },
  ),
  // Short pages fill up: only then are hits passed over unread.
  limit: fc.oneof(fc.nat(4), fc.nat(30)),
  offset: fc.oneof(fc.constant(0), fc.nat(40)),
};
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 65, arbitrary: fc.record(add, plain) },
  { weight: 12, arbitrary: fc.record(deletion, plain) },
  { weight: 1, arbitrary: fc.record(restart, plain) },
  { weight: 2, arbitrary: fc.record(fill, plain) },
  { weight: 20, arbitrary: fc.record(search, plain) },
);

/** An engine and its specification. */
class Pair {
  readonly #limits: [number, number?];
  readonly #specified = new BruteForceEngine();
  #engine: InvertedEngine;

  /** @param limits the parameters of InvertedEngine */
  constructor(...limits: [maxBufferedDocuments: number, maxDeadTerms?: number]) {
    this.#limits = limits;
    this.#engine = new InvertedEngine(...limits);
  }

  get terms(): number {
    return this.#engine.terms;
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'add':
        this.add(step.id, step.quote, step.userId, step.details);
        break;
      case 'delete':
        this.delete(step.id);
        break;
      case 'restart': {
        const chunks = [...this.#engine.snapshot()];
        this.#engine = new InvertedEngine(...this.#limits);
        await this.#engine.restore(chunks);
        break;
      }
      case 'fill':
        this.#engine.isFilling = step.isFilling;
        break;
      case 'search':
        this.compare(step.keyword, step);
    }
    expect(this.#engine.size).toBe(this.#specified.size);
  }

  add(id: number, quote: string, userId: string | null, details = NO_DETAILS): void {
    for (const engine of [this.#specified, this.#engine]) engine.add(id, quote, userId, details);
  }

  delete(id: number): void {
    for (const engine of [this.#specified, this.#engine]) engine.delete(id);
  }

  compare(keyword: string, request: Omit<SearchRequest, 'query'>): void {
    const query = parseQuery(keyword);
    const expected = this.#specified.search({ ...request, query });
    const answered = this.#engine.search({ ...request, query });
    // Where nothing is found, an engine need not have looked for other terms.
    const { inflected, similar, withTypos } = expected;
    if (expected.total === 0) Object.assign(answered, { inflected, similar, withTypos });
    expect(answered).toEqual(expected);
  }
}

describe('InvertedEngine', () => {
  it.each([
    { maxBufferedDocuments: 1, numRuns: 20 },
    { maxBufferedDocuments: 4, numRuns: 20 },
    { maxBufferedDocuments: 16, numRuns: 20 },
    { maxBufferedDocuments: 1024, numRuns: 8 },
  ])('answers as its specification does: %j', async ({ maxBufferedDocuments, numRuns }) => {
    const steps = fc.array(step, { maxLength: 400, size: 'max' });
    const property = fc.asyncProperty(steps, async (steps) => {
      const pair = new Pair(maxBufferedDocuments);
      for (const step of steps) await pair.take(step);
    });
    await fc.assert(property, { ...PARAMETERS, numRuns });
  });

  it('gives no forms to words whose stem they do not begin with', () => {
    const pair = new Pair(4);
    ['god is love', 'the case is love', 'manen and god'].forEach((quote, i) => {
      pair.add(i, quote, null);
    });
    for (const keyword of ['good love', 'caas love', 'caas zzz', 'god maan ']) {
      pair.compare(keyword, { limit: 5, offset: 0 });
    }
  });

  it('answers phrases and exclusions of common words as its specification does', () => {
    // So many words that the number of a term may take two bytes, one of which is also the number
    // of a common one.
    const manyWords = Array.from({ length: 400 }, (_, i) => `w${i}`);
    const common = fc.constantFrom('w0', 'w1', 'w2', 'w128', 'w129', 'w256');
    const text = (minLength: number, maxLength: number) =>
      fc.array(common, { minLength, maxLength, size: 'max' }).map((words) => words.join(' '));
    // More candidates than are read one by one, and documents whose position masks are not exact.
    const named = fc.tuple(text(1, 40), orNull(3, text(1, 5)), orNull(8, text(1, 3)));
    const quotes = fc.array(named, { minLength: 1, maxLength: 600, size: 'max' });
    const phrase = text(2, 4);
    const keyword = fc.oneof(
      fc.tuple(phrase, common).map(([phrase, word]) => `"${phrase}" ${word}`),
      fc.tuple(common, phrase).map(([word, phrase]) => `${word} -"${phrase}"`),
    );
    const keywords = fc.array(keyword, { minLength: 1, maxLength: 10, size: 'max' });
    const property = fc.property(quotes, keywords, (quotes, keywords) => {
      const pair = new Pair(64);
      pair.add(1, manyWords.join(' '), null);
      for (const [i, [quote, author, tag]] of quotes.entries()) {
        pair.add(i + 2, quote, null, { ...NO_DETAILS, author, tags: tag === null ? [] : [tag] });
      }
      for (const keyword of keywords) pair.compare(keyword, { limit: 20, offset: 0 });
    });
    fc.assert(property, { ...PARAMETERS, numRuns: 25 });
  });

  it.each([64, 512])('finds words of every frequency, %d documents a segment', (documents) => {
    // Lists, bitmaps, single documents that are read: what is used depends on the frequencies.
    const forms = ['dream', 'dreams', 'walk', 'dreaming', 'walks', 'walked'];
    // So many words that some are rare enough for a list; a few have inflected forms.
    const vocabulary = Array.from({ length: 480 }, (_, i) => {
      return (i % 40 === 20 && forms[Math.floor(i / 40)]) || `w${i.toString(3)}`;
    });
    // Not fc.double(), most of whose numbers are close to 0 or 1.
    const words = (...skews: number[]) =>
      fc
        .tuple(fc.nat(9999), fc.constantFrom(...skews))
        .map(([n, skew]) => vocabulary[Math.floor(480 * (n / 10_000) ** skew)] as string);
    const word = words(1, 2, 4);
    const text = (word: fc.Arbitrary<string>, minLength: number, maxLength: number) =>
      fc.array(word, { minLength, maxLength, size: 'max' }).map((words) => words.join(' '));
    const quote = text(words(3), 1, 24);
    const details = fc.record({
      author: orNull(2, text(words(2), 1, 3)),
      source: orNull(8, text(words(2), 1, 5)),
      tags: fc.array(words(3), { maxLength: 1 }),
      lang: fc.constantFrom(null, 'en', 'de'),
      checksum: fc.constant(0),
    });
    const detailed = fc.tuple(quote, fc.oneof(fc.constant(NO_DETAILS), details));
    const quotes = fc.array(detailed, { minLength: 1, maxLength: 900, size: 'max' });
    const phrase = fc
      .tuple(text(word, 2, 3), fc.constantFrom('', '-'))
      .map(([words, sign]) => `${sign}"${words}"`);
    const part = fc.oneof(
      { weight: 4, arbitrary: word.map((word) => `"${word}"`) },
      { weight: 2, arbitrary: word },
      { weight: 2, arbitrary: fc.constantFrom(...forms) },
      { weight: 1, arbitrary: phrase },
      { weight: 1, arbitrary: word.map((word) => `-${word}`) },
    );
    // Nearly all words begin with the same letter.
    const last = fc.tuple(word, fc.constantFrom(1, 1, 2, 3, 5)).map(([w, n]) => w.slice(0, n));
    const keyword = fc
      .tuple(fc.array(part, { maxLength: 3 }), fc.oneof(last, part))
      .map(([parts, last]) => [...parts, last].join(' '));
    const keywords = fc.array(keyword, { minLength: 1, maxLength: 12, size: 'max' });
    const request = fc.record({
      filters: orMissing(
        2,
        fc.record({
          userId: orMissing(1, fc.constantFrom('tintin', 'nobody')),
          lang: orMissing(1, fc.constant('en')),
        }),
      ),
      facets: orMissing(2, fc.constant(['author' as const])),
      limit: fc.constantFrom(1, 3, 20),
      offset: fc.constantFrom(0, 0, 100),
    });
    const deleted = fc.uniqueArray(fc.nat(900), { maxLength: 30 });
    const property = fc.property(
      quotes,
      keywords,
      request,
      deleted,
      (quotes, keywords, request, deleted) => {
        const pair = new Pair(documents);
        quotes.forEach(([quote, details], i) => {
          pair.add(i, quote, i % 3 === 0 ? 'tintin' : null, details);
        });
        for (const keyword of keywords) pair.compare(keyword, request);
        for (const id of deleted) pair.delete(id);
        for (const keyword of keywords) pair.compare(keyword, request);
      },
    );
    fc.assert(property, { ...PARAMETERS, numRuns: 20 });
  });

  it.each([1, 8, 1024])('forgets words that went, %d documents a segment', async (documents) => {
    const maxDeadTerms = 20;
    // So many words that most of them are in one quote, which is soon another one.
    const word = fc.nat(5000).map((n) => `w${n.toString(6)}`);
    const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
    const id = fc.integer({ min: 1, max: 12 });
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 80,
        arbitrary: fc.record({ ...add, id, quote: text, details: fc.constant(NO_DETAILS) }, plain),
      },
      { weight: 10, arbitrary: fc.record({ ...deletion, id }, plain) },
      { weight: 1, arbitrary: fc.record(restart, plain) },
    );
    const steps = fc.array(step, { maxLength: 300, size: 'max' });
    const property = fc.asyncProperty(steps, async (steps) => {
      const pair = new Pair(documents, maxDeadTerms);
      for (const [i, step] of steps.entries()) {
        await pair.take(step);
        if (step.kind !== 'add') continue;
        const [first = '', second = first] = step.quote.split(' ');
        const keywords = [first, second.slice(0, 3), `${second} ${first}`, `"${step.quote}"`];
        pair.compare(keywords[i % keywords.length] as string, { limit: 5, offset: 0 });
      }
      // One segment at a time is merged.
      for (let i = 0; i < 20; i++) pair.add(1, 'w0', null);
      // 12 quotes of 12 words, and as many words that went.
      expect(pair.terms).toBeLessThanOrEqual(2 * 12 * 12);
    });
    await fc.assert(property, { ...PARAMETERS, numRuns: 10 });
  });

  it.each([1, 2, 3])('ranks more documents than wait to be read at once, seed %d', (seed) => {
    const random = generator(seed);
    const common = ['a', 'ab', 'abc', 'b', 'ba', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    // Longer than an exact position mask, so that each has to be read.
    const quote = () => {
      const length = 17 + Math.floor(random() * 30);
      return Array.from({ length }, () => common[Math.floor(random() * common.length)]).join(' ');
    };
    const pair = new Pair(1024);
    for (let id = 1; id <= 4 * MIN_CANDIDATES; id++) {
      const author = id % 9 === 0 ? (common[id % common.length] as string) : null;
      pair.add(id, quote(), null, { ...NO_DETAILS, author });
    }
    for (const keyword of ['b c', 'c a', 'a c', 'b d "c"', 'c "d" a -"e f"', 'g h i a']) {
      pair.compare(keyword, { limit: 20, offset: 0 });
      pair.compare(keyword, { limit: 100, offset: 200 });
    }
  });

  it.each([1, 2, 3])('ranks many documents that hold words misspelt, seed %d', (seed) => {
    const random = generator(seed);
    const words = [
      ...['marin', 'marine', 'marins', 'marina', 'capitaine', 'capitaines', 'capitanie'],
      ...['tonnerre', 'tonnere', 'brest', 'mille', 'de', 'la', 'le', 'sur'],
    ];
    const pair = new Pair(1024);
    for (let id = 1; id <= 2000; id++) {
      const length = 2 + Math.floor(random() ** 2 * 30);
      const text = Array.from({ length }, () => words[Math.floor(random() * words.length)]);
      // So few that other words are tried as well.
      if (id % 700 === 0) text.push('marjn');
      const author = id % 9 === 0 ? (words[id % words.length] as string) : null;
      pair.add(id, text.join(' '), null, { ...NO_DETAILS, author, lang: id % 2 ? 'fr' : null });
    }
    for (const keyword of [
      'marjn capitsine',
      'brest marjn',
      'marjn brest tonerre',
      'capitsjne marjn',
      'marjn capi',
      'brst marjn -"de la"',
      '"la mille" marjn capitxine',
    ]) {
      pair.compare(keyword, { limit: 20, offset: 0 });
      pair.compare(keyword, { limit: 100, offset: 200 });
    }
  });

  it('passes over what is worse than a full page, however many words are asked for', () => {
    const pair = new Pair(256);
    const words = ['ka', 'kb', 'kc', 'kd', 'pre'];
    for (let id = 1; id <= 254; id++) pair.add(id, 'zzz', null);
    pair.add(255, 'ka y kb y kc y kd y prefix', null);
    pair.add(256, 'ka y y kb y y kc y y kd y y pre', null);
    // These are in the write buffer, and fill the page before the segment is searched.
    for (let id = 257; id <= 266; id++) pair.add(id, words.join(' x x x x x x x x x x '), null);
    pair.compare(words.join(' '), { limit: 1, offset: 0 });
  });
});
