import { generator } from '#libs/testing/random.ts';
import type { FacetKind } from '../src/engine/facet.counter.ts';
import { InvertedEngine } from '../src/engine/inverted.engine.ts';
import { parseQuery, queryExcess } from '../src/engine/query.parser.ts';
import type { SelectionFilters } from '../src/engine/quote.selection.ts';
import { termsOf } from '../src/engine/tokenizer.ts';
import { misspelt, QuoteCorpus } from './quote.corpus.ts';

/**
 * Searches for the query that costs the index the most processor time: a seeded evolution over all
 * that a query may be made of, with the time as fitness. Prints the dearest ones, and fails when
 * one costs more than the budget of the size.
 *
 *     node apps/search/bench/dearest.bench.ts [quotes] [seed] [rounds]
 */
const BUDGETS_MS: Record<number, number> = { 125000: 40, 1000000: 100 };
const sizes =
  process.argv[2] === undefined ? Object.keys(BUDGETS_MS).map(Number) : [Number(process.argv[2])];
const random = generator(Number(process.argv[3] ?? 1));
const rounds = Number(process.argv[4] ?? 60);

const POPULATION = 30;
const CHILDREN = 30;
const SHOWN = 5;
const MAX_KEYWORD_LENGTH = 1000;
const SIGNERS = 1000;
const AUTHORS = 50_000;
const TAGS = 5000;
const FACETS: FacetKind[] = ['author', 'tag', 'lang'];
const OFFSETS = [0, 0, 100, 1000, 10_000];

/** A query as a list of parts, each as it is written. */
interface Candidate {
  parts: string[];
  offset: number;
  limit: number;
  filters: SelectionFilters;
  facets: FacetKind[] | undefined;
}

interface Measured extends Candidate {
  milliseconds: number;
  total: number;
}

const below = (count: number) => Math.floor(random() * count);
const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
const keywordOf = ({ parts }: Candidate) => parts.join(' ');

/** Draws words of every frequency: whole, cut short or misspelt. */
class Vocabulary {
  readonly #words: string[];

  /** @param words the most frequent first */
  constructor(words: string[]) {
    this.#words = words;
  }

  part(): string {
    const minus = random() < 0.35 ? '-' : '';
    if (random() < 0.4)
      return `${minus}"${Array.from({ length: 2 + below(random() < 0.8 ? 1 : 4) }, () => this.#word()).join(' ')}"`;
    return minus + this.word();
  }

  word(): string {
    const word = this.#word();
    if (random() < 0.6) return word;
    return random() < 0.5 ? word.slice(0, 1 + below(3)) : misspelt(word, random);
  }

  /** Ranks are drawn on a logarithmic scale, and those of frequent words more often. */
  #word(): string {
    return this.#words[Math.floor(this.#words.length ** (random() ** 1.5)) - 1] ?? '';
  }
}

function isAllowed(candidate: Candidate): boolean {
  const query = parseQuery(keywordOf(candidate));
  return (
    query.words.length > 0 &&
    queryExcess(query) === undefined &&
    keywordOf(candidate).length <= MAX_KEYWORD_LENGTH
  );
}

function make(vocabulary: Vocabulary): Candidate {
  const parts = Array.from({ length: 1 + below(random() < 0.5 ? 3 : 16) }, () => vocabulary.part());
  const made = {
    parts,
    offset: pick(OFFSETS),
    limit: 100,
    filters: random() < 0.2 ? someFilters() : {},
    facets: random() < 0.2 ? FACETS : undefined,
  };
  return isAllowed(made) ? made : make(vocabulary);
}

/** A candidate like this one, with some parts changed, or taken from another. */
function vary(candidate: Candidate, other: Candidate, vocabulary: Vocabulary): Candidate {
  const child = { ...candidate, parts: [...candidate.parts] };
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(child.parts.length + 1);
    switch (below(8)) {
      case 0:
        child.parts.splice(at, 0, vocabulary.part());
        break;
      case 1:
        child.parts.splice(at, 1);
        break;
      case 2:
        child.parts.splice(at, 1, vocabulary.part());
        break;
      case 3:
        child.parts.splice(at, 0, pick(other.parts));
        break;
      case 4:
        child.parts.push(...child.parts.splice(at, 1));
        break;
      case 5:
        child.parts[at] = (child.parts[at] ?? '').replace(/[^\s"-]+/, () => vocabulary.word());
        break;
      case 6:
        child.offset = pick(OFFSETS);
        break;
      default:
        if (random() < 0.5) child.filters = random() < 0.5 ? {} : someFilters();
        else child.facets = child.facets === undefined ? FACETS : undefined;
    }
  }
  child.parts = child.parts.filter((part) => part !== '');
  return isAllowed(child) ? child : vary(candidate, other, vocabulary);
}

/** Of names that many quotes have, and few. */
function skewed(end: number): number {
  return Math.floor(random() ** 3 * end);
}

function someFilters(): SelectionFilters {
  return pick<() => SelectionFilters>([
    () => ({ userId: signer(below(SIGNERS)) }),
    () => ({ author: author(skewed(AUTHORS)) }),
    () => ({ tag: tag(skewed(TAGS)) }),
    () => ({ lang: 'fr' }),
    () => ({ lang: 'fr', tag: tag(0) }),
  ])();
}

const signer = (number: number) => `user${number}`;
const author = (number: number) => `Writer No. ${number}`;
const tag = (number: number) => `subject ${number}`;

/**
 * The processor time of this thread for one search, as the mean of several: the kernel counts in
 * steps of some milliseconds.
 */
function measure(engine: InvertedEngine, candidate: Candidate, least = 60, most = 6): Measured {
  const request = { ...candidate, query: parseQuery(keywordOf(candidate)) };
  let { total } = engine.search(request);
  const start = process.threadCpuUsage();
  let spent = 0;
  let runs = 0;
  while (runs < most && spent < least) {
    total = engine.search(request).total;
    runs++;
    const { user, system } = process.threadCpuUsage(start);
    spent = (user + system) / 1000;
  }
  return { ...candidate, total, milliseconds: spent / runs };
}

function evolve(engine: InvertedEngine, vocabulary: Vocabulary): Measured[] {
  let population = Array.from({ length: POPULATION }, () => measure(engine, make(vocabulary)));
  const dearest = () =>
    pick(
      [...population]
        .sort((a, b) => b.milliseconds - a.milliseconds)
        .slice(0, 1 + below(POPULATION)),
    );
  for (let round = 0; round < rounds; round++) {
    for (let child = 0; child < CHILDREN; child++) {
      const made =
        random() < 0.1 ? make(vocabulary) : vary(dearest(), pick(population), vocabulary);
      population.push(measure(engine, made));
    }
    // Survivors are measured again, since a disturbance may have slowed them down.
    population.sort((a, b) => b.milliseconds - a.milliseconds);
    population = population
      .slice(0, POPULATION)
      .map((each, i) => (i < SHOWN ? measure(engine, each) : each));
  }
  return population
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SHOWN)
    .map((each) => measure(engine, each, 1000, 20))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

for (const size of sizes) {
  const engine = new InvertedEngine();
  engine.isFilling = true;
  const counts = new Map<string, number>();
  let id = 0;
  for (const quote of new QuoteCorpus('data/corpus').quotes(size)) {
    id += 50;
    const tags = Array.from({ length: 3 }, () => tag(skewed(TAGS)));
    engine.add(id, quote, id % 150 > 0 ? signer((id / 50) % SIGNERS) : null, {
      author: author(skewed(AUTHORS)),
      source: null,
      lang: id % 100 > 0 ? 'en' : 'fr',
      tags: [...new Set(tags)],
      checksum: 0,
    });
    if (id % 1000 === 0)
      for (const term of termsOf(quote)) counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  engine.isFilling = false;
  const words = [...counts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
  const budget = BUDGETS_MS[size] ?? Number.POSITIVE_INFINITY;
  console.log(`${size} quotes, budget ${budget} ms:`);
  for (const { milliseconds, total, offset, filters, facets, ...candidate } of evolve(
    engine,
    new Vocabulary(words),
  )) {
    const skipping = offset > 0 ? `, offset ${offset}` : '';
    const counting = facets === undefined ? '' : ', facets';
    const filtered = Object.keys(filters).length > 0 ? `, ${JSON.stringify(filters)}` : '';
    console.log(
      `${milliseconds.toFixed(1).padStart(7)} ms  ${total} hits${skipping}${filtered}${counting}: ${keywordOf({ ...candidate, offset, filters, facets })}`,
    );
    if (milliseconds > budget) process.exitCode = 1;
  }
}
