import { generator } from '#libs/testing/random.ts';
import { BruteForceEngine } from './brute-force.engine.ts';
import { InvertedEngine } from './inverted.engine.ts';
import { MAX_EXCLUSIONS, MAX_PHRASES, MAX_WORDS, parseQuery } from './query.parser.ts';

/** Words that fold, elide, share prefixes and differ by a typo or two, the first ones by far the most frequent. */
const VOCABULARY =
  `de la le l'amour vie et the liberte Liberté libertes libre libérer libération liberations amoureux amour amours armour
  amoru écraseur ecraseurs écrase coeur cœur cœurs straße strasse don't dont dent dents 日本語 日 👍🏽 👍 ❤️ a ab abc abcd abcde abcdf abdce
  extraordinaire extraordinaires extraodrinaire extraordinary extrordinaire ordinaire jusqu'à demain demains deux`.split(
    /\s+/,
  );

const USERS = [null, null, 'tintin', 'milou'];

class Trial {
  readonly oracle = new BruteForceEngine();
  engine: InvertedEngine;
  readonly #random: () => number;
  readonly ids: number[] = [];
  #last = 0;

  readonly #tailDocuments: number;

  constructor(seed: number, tailDocuments: number) {
    this.#tailDocuments = tailDocuments;
    this.#random = generator(seed);
    this.engine = new InvertedEngine(tailDocuments);
  }

  random(below: number): number {
    return Math.floor(this.#random() * below);
  }

  pick<T>(values: readonly T[]): T | undefined {
    return values[this.random(values.length)];
  }

  word(): string {
    return VOCABULARY[Math.min(this.random(VOCABULARY.length), this.random(VOCABULARY.length))] ?? '';
  }

  words(most: number): string {
    return Array.from({ length: 1 + this.random(most) }, () => this.word()).join(' ');
  }

  /** Mostly new quotes; now and then one is replaced or deleted. */
  change(): void {
    const kind = this.random(10);
    const old = this.pick(this.ids);
    if (kind < 2 && old !== undefined) {
      this.oracle.delete(old);
      this.engine.delete(old);
      return;
    }
    // Ids of several shards interleave, so that they do not quite ascend.
    this.#last += 1 + this.random(5);
    const id = kind === 2 && old !== undefined ? old : this.#last * 16 - this.random(60) + 60;
    if (!this.ids.includes(id)) this.ids.push(id);
    const quote = this.words(this.random(20) === 0 ? 80 : 12);
    const user = this.pick(USERS) ?? null;
    this.oracle.add(id, quote, user);
    this.engine.add(id, quote, user);
  }

  /** Goes on with an engine that was restored from a snapshot of this one. */
  async restart(): Promise<void> {
    const chunks = [...this.engine.snapshot()];
    this.engine = new InvertedEngine(this.#tailDocuments);
    await this.engine.restore(chunks);
  }

  /** As many parts as a query may have. */
  longKeyword(): string {
    const parts = [
      ...Array.from({ length: this.random(MAX_PHRASES + 1) }, () => `"${this.words(this.random(4) ? 2 : 6)}"`),
      ...Array.from({ length: this.random(MAX_EXCLUSIONS + 1) }, () => `-"${this.words(this.random(4) ? 2 : 6)}"`),
      ...Array.from({ length: this.random(4) }, () => this.misspelt()),
    ].filter(() => this.random(3) > 0);
    const keyword = parts.sort(() => this.random(3) - 1).join(' ');
    return parseQuery(keyword).words.length <= MAX_WORDS ? keyword : this.longKeyword();
  }

  keyword(): string {
    switch (this.random(12)) {
      case 10:
        return this.longKeyword();
      case 11:
        return `${this.word()} ${Array.from({ length: 4 }, () => `-"${this.word()} ${this.word()}"`).join(' ')}`;
      case 0:
        return `"${this.words(3)}" ${this.random(2) ? this.word() : ''}`;
      case 1:
        return `${this.words(2)} -${this.word()}`;
      case 2:
        return `${this.words(2)} -"${this.words(2)}" -${this.word()}`;
      case 3:
        return this.word().slice(0, 1 + this.random(4));
      case 4:
        return `${this.words(2)} ${this.word().slice(0, 1 + this.random(3))}`;
      case 5:
        return this.misspelt();
      case 6:
        return `${this.word()} ${this.misspelt()} ${this.misspelt()}`;
      case 7:
        return this.words(6);
      default:
        return this.words(2);
    }
  }

  misspelt(): string {
    const letters = [...this.word()];
    for (let n = this.random(3); n > 0; n--) {
      const at = this.random(letters.length);
      const swapped = letters.slice(at, at + 2).reverse();
      letters.splice(at, this.random(3), ...(this.random(2) ? swapped : ['x']));
    }
    return letters.join('');
  }

  /** One query of any kind to both; what they answered, with the query for the report. */
  query(): { asked: object; expected: object; answered: object } {
    const request = {
      keyword: this.keyword(),
      userId: this.random(4) === 0 ? (this.pick(['tintin', 'milou', 'nobody']) ?? '') : undefined,
      // Short pages fill up: only then are hits passed over unread.
      limit: this.random(this.random(2) ? 4 : 30),
      offset: this.random(3) === 0 ? this.random(40) : 0,
    };
    const query = { ...request, query: parseQuery(request.keyword) };
    const [expected, answered] = [this.oracle.search(query), this.engine.search(query)];
    // Where nothing is found, an engine need not have looked for misspellings.
    if (expected.total === 0) answered.similar = expected.similar;
    return { asked: request, expected, answered };
  }
}

describe('InvertedEngine', () => {
  it.each([
    { seed: 1, tail: 1, changes: 250 },
    { seed: 2, tail: 4, changes: 400 },
    { seed: 3, tail: 16, changes: 450 },
    { seed: 4, tail: 1024, changes: 100 },
  ])('answers as the brute-force engine does: %j', async ({ seed, tail, changes }) => {
    const trial = new Trial(seed, tail);
    for (let i = 0; i < changes; i++) {
      trial.change();
      if (i % 97 === 96) await trial.restart();
      if (i % 50 === 0) trial.engine.isFilling = i % 100 === 0;
      for (let n = 0; n < 3; n++) {
        const { asked, expected, answered } = trial.query();
        expect({ asked, ...answered }).toEqual({ asked, ...expected });
      }
    }
    expect(trial.engine.size).toBe(trial.oracle.size);
  });

  it('answers phrases and exclusions of common words as the brute-force engine does', () => {
    const random = generator(5);
    const pick = (words: string[]) => words[Math.floor(random() * words.length)] ?? '';
    const engine = new InvertedEngine(64);
    const oracle = new BruteForceEngine();
    // So many words that the number of a term may take two bytes, one of which is also the number of a common one.
    const words = Array.from({ length: 400 }, (_, i) => `w${i}`);
    const common = ['w0', 'w1', 'w2', 'w128', 'w129', 'w256'];
    const quotes = [words.join(' '), ...Array.from({ length: 600 }, () => 1 + Math.floor(random() * 40))].map(
      (length) => (typeof length === 'string' ? length : Array.from({ length }, () => pick(common)).join(' ')),
    );
    quotes.forEach((quote, i) => {
      for (const each of [engine, oracle]) each.add(i + 1, quote, null);
    });
    for (let n = 0; n < 150; n++) {
      const phrase = Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(common)).join(' ');
      const keyword = random() < 0.5 ? `"${phrase}" ${pick(common)}` : `${pick(common)} -"${phrase}"`;
      const request = { query: parseQuery(keyword), limit: 20, offset: 0 };
      expect({ keyword, ...engine.search(request) }).toEqual({ keyword, ...oracle.search(request) });
    }
  });
});
