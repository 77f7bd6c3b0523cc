import { type Bitmap, countBits, forEachDown, hasBit, popCount } from './bitmap.ts';
import { FIELD_BOUNDARY } from './document.fields.ts';
import { type Document, MAX_DOCUMENT_TOKENS, type Segment } from './segment.layout.ts';
import { readTokens } from './segment.reader.ts';
import { commonRow, termRange } from './segment.terms.ts';
import type { TermTable } from './term.table.ts';

/** A word that the last one of a query may become. */
export interface Completion {
  /** In its folded form. */
  term: string;
  /** How many quotes hold it, and the other words of the query. */
  quotes: number;
  /** Ids of some of these quotes, EXAMPLES at most: they show how it is spelt. */
  examples: number[];
}

/** Quotes, where they are. */
export interface QuotesFound {
  segments: readonly { segment: Segment; matches: Bitmap }[];
  /** Of the write buffer. */
  buffered: readonly Document[];
}

/** How many quotes hold a term, and some of them. */
type Count = Pick<Completion, 'quotes' | 'examples'>;

const EXAMPLES = 3;
/** Up to so many quotes that hold the other words are read for what completes them. */
export const MAX_QUOTES_READ = 256;
/** Of more quotes, the most frequent words are counted: so many. */
const MAX_WORDS_COUNTED = 32;

/** Finds the terms that begin with a prefix and stand in most quotes. */
export class WordCompletion {
  readonly #table: TermTable;
  readonly #tokens = new Uint32Array(MAX_DOCUMENT_TOKENS);

  constructor(table: TermTable) {
    this.#table = table;
  }

  /**
   * The terms that begin with `prefix` and stand in most quotes of the index, of equally frequent
   * ones the first in text order; `limit` at most.
   * @param all all quotes of the index
   */
  complete(prefix: string, all: QuotesFound, limit: number): Completion[] {
    return this.#mostFrequent(prefix, limit).map((term) => {
      const { examples } = this.#count(term, all, true);
      return { ...this.#completion(term), examples };
    });
  }

  /**
   * The same of some quotes. Of more than MAX_QUOTES_READ, only the MAX_WORDS_COUNTED terms are
   * counted that stand in most quotes of the index.
   */
  completeAmong(prefix: string, found: QuotesFound, limit: number): Completion[] {
    const { segments, buffered } = found;
    const count = (sum: number, { matches }: { matches: Bitmap }) =>
      sum + countBits(matches, matches.length);
    const total = segments.reduce(count, buffered.length);
    const counts = new Map<number, Count>();
    if (total <= MAX_QUOTES_READ) this.#read(prefix, found, counts);
    else {
      for (const term of this.#mostFrequent(prefix, MAX_WORDS_COUNTED)) {
        counts.set(term, this.#count(term, found, false));
      }
    }
    return [...counts]
      .filter(([, { quotes }]) => quotes > 0)
      .map(([term, count]) => ({ ...this.#completion(term), ...count }))
      .sort((a, b) => b.quotes - a.quotes || (a.term < b.term ? -1 : 1))
      .slice(0, limit);
  }

  #completion(term: number) {
    return { term: this.#table.text(term), quotes: this.#table.documentFrequency(term) };
  }

  /**
   * The terms with the prefix that have the highest document frequencies above 0, of equal ones the
   * first in text order.
   */
  #mostFrequent(prefix: string, limit: number): number[] {
    const table = this.#table;
    const best: number[] = [];
    const isBetter = (a: number, b: number) =>
      table.documentFrequency(a) - table.documentFrequency(b) ||
      (table.text(a) < table.text(b) ? 1 : -1);
    const offer = (term: number) => {
      best.splice(best.findLastIndex((other) => isBetter(other, term) > 0) + 1, 0, term);
      if (best.length > limit) best.pop();
    };
    const least = () => (best.length < limit ? 0 : table.documentFrequency(best.at(-1) as number));
    const { from, to } = table.prefixRange(prefix);
    let min = 0;
    // In text order, so that of equal ones no later one is better: most texts are not compared.
    for (const term of table.termsByOrdinal.subarray(from, to)) {
      if (table.documentFrequency(term) <= min) continue;
      offer(term);
      min = least();
    }
    for (const term of table.unsortedWithPrefix(prefix)) {
      if (table.documentFrequency(term) > 0) offer(term);
    }
    return best;
  }

  /** Reads all quotes, and counts the terms with the prefix. */
  #read(prefix: string, { segments, buffered }: QuotesFound, counts: Map<number, Count>): void {
    const read = (id: number, tokens: Uint32Array) => {
      for (const term of new Set(tokens)) {
        if (term === FIELD_BOUNDARY || !this.#table.text(term).startsWith(prefix)) continue;
        const count = counts.get(term) ?? { quotes: 0, examples: [] };
        add(count, id);
        counts.set(term, count);
      }
    };
    for (const { id, terms } of buffered) read(id, terms);
    for (const { segment, matches } of segments) {
      forEachDown(matches, matches.length, (document) => {
        const count = readTokens(segment, document, this.#tokens);
        read(segment.ids[document] as number, this.#tokens.subarray(0, count));
      });
    }
  }

  /**
   * Looks for the postings of a term among the quotes found.
   * @param isEnough whether some examples are enough, and the count is not wanted
   */
  #count(term: number, { segments, buffered }: QuotesFound, isEnough: boolean): Count {
    const count: Count = { quotes: 0, examples: [] };
    const isDone = () => isEnough && count.examples.length === EXAMPLES;
    for (const { segment, matches } of segments) {
      const { from, to } = termRange(segment, this.#table, term);
      if (from === to) continue;
      const row = commonRow(segment, from);
      if (row >= 0) countCommon(segment, row, matches, count, isDone);
      else countPostings(segment, from, matches, count, isDone);
      if (isDone()) return count;
    }
    for (const { id, terms } of buffered) {
      if (isDone()) break;
      if (terms.includes(term)) add(count, id);
    }
    return count;
  }
}

function add(count: Count, id: number): void {
  count.quotes++;
  if (count.examples.length < EXAMPLES) count.examples.push(id);
}

/** Counts the matches that hold the common term of that row, until it is done. */
function countCommon(
  { commonBitmaps, ids, liveDocs }: Segment,
  row: number,
  matches: Bitmap,
  count: Count,
  isDone: () => boolean,
): void {
  const { length } = liveDocs;
  for (let i = length - 1; i >= 0 && !isDone(); i--) {
    const both = (matches[i] as number) & (commonBitmaps[row * length + i] as number);
    if (both === 0) continue;
    count.quotes += popCount(both);
    for (let rest = both; rest !== 0 && count.examples.length < EXAMPLES; rest &= rest - 1) {
      count.examples.push(ids[i * 32 + 31 - Math.clz32(rest & -rest)] as number);
    }
  }
}

/** The same for the term `terms[i]`, by its postings. */
function countPostings(
  { documents, ids, postingStarts }: Segment,
  i: number,
  matches: Bitmap,
  count: Count,
  isDone: () => boolean,
): void {
  const first = postingStarts[i] as number;
  for (let p = (postingStarts[i + 1] as number) - 1; p >= first && !isDone(); p--) {
    const document = documents[p] as number;
    if (hasBit(matches, document)) add(count, ids[document] as number);
  }
}
