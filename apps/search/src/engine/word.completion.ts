import { type Bitmap, countBits, hasBit, popCount } from './bitmap.ts';
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
/** Of the quotes that hold the other words, so many are read for what completes them. */
export const MAX_QUOTES_READ = 128;
/** So many postings of a word are looked at in a segment for examples of quotes that hold it. */
const MAX_SEEN = 2048;

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
    return this.#mostFrequent(prefix, limit).map((number) => ({
      term: this.#table.text(number),
      quotes: this.#table.documentFrequency(number),
      examples: this.#examples(number, all),
    }));
  }

  /**
   * The same of some quotes. When there are more than MAX_QUOTES_READ, so many are read, and the
   * words that most of these hold are counted in all of them; where they are too few, so are the
   * most frequent words of the index.
   */
  completeAmong(prefix: string, found: QuotesFound, limit: number): Completion[] {
    const isRead = this.#countQuotes(found) <= MAX_QUOTES_READ;
    const read = [...this.#read(prefix, found)];
    read.sort(([a, { quotes: inA }], [b, { quotes: inB }]) => inB - inA || this.#compare(a, b));
    const counts = new Map(read.slice(0, limit));
    if (!isRead) {
      const others = counts.size < limit ? this.#mostFrequent(prefix, limit) : [];
      for (const number of others) {
        if (counts.size === limit) break;
        if (!counts.has(number)) counts.set(number, { quotes: 0, examples: [] });
      }
      for (const [number, count] of counts) {
        count.quotes = this.#count(number, found);
        if (count.examples.length === 0) count.examples = this.#examples(number, found);
      }
    }
    return [...counts]
      .filter(([, { quotes }]) => quotes > 0)
      .sort(([a, { quotes: inA }], [b, { quotes: inB }]) => inB - inA || this.#compare(a, b))
      .map(([number, count]) => ({ term: this.#table.text(number), ...count }));
  }

  #countQuotes({ segments, buffered }: QuotesFound): number {
    const count = (sum: number, { matches }: { matches: Bitmap }) =>
      sum + countBits(matches, matches.length);
    return segments.reduce(count, buffered.length);
  }

  /** In text order. */
  #compare(a: number, b: number): number {
    return this.#table.text(a) < this.#table.text(b) ? -1 : 1;
  }

  /**
   * The terms with the prefix that have the highest document frequencies above 0, of equal ones the
   * first in text order.
   */
  #mostFrequent(prefix: string, limit: number): number[] {
    const table = this.#table;
    const best: number[] = [];
    const isBetter = (a: number, b: number) => {
      const more = table.documentFrequency(a) - table.documentFrequency(b);
      return more > 0 || (more === 0 && this.#compare(a, b) < 0);
    };
    const offer = (term: number) => {
      best.splice(best.findLastIndex((other) => isBetter(other, term)) + 1, 0, term);
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

  /** Counts the terms with the prefix in the first MAX_QUOTES_READ quotes. */
  #read(prefix: string, { segments, buffered }: QuotesFound): Map<number, Count> {
    const counts = new Map<number, Count>();
    let left = MAX_QUOTES_READ;
    const read = (id: number, tokens: Uint32Array, begins: (term: number) => boolean) => {
      left--;
      for (let i = 0; i < tokens.length; i++) {
        const term = tokens[i] as number;
        if (term === FIELD_BOUNDARY || !begins(term) || tokens.indexOf(term) < i) continue;
        const count = counts.get(term) ?? { quotes: 0, examples: [] };
        count.quotes++;
        if (count.examples.length < EXAMPLES) count.examples.push(id);
        counts.set(term, count);
      }
    };
    const beginsText = (term: number) => this.#table.text(term).startsWith(prefix);
    for (const { id, terms } of buffered) if (left > 0) read(id, terms, beginsText);
    // The terms of segments have ordinals.
    const { from, to } = this.#table.prefixRange(prefix);
    const { ordinals } = this.#table;
    const isInRange = (term: number) => {
      const ordinal = ordinals[term] as number;
      return ordinal >= from && ordinal < to;
    };
    for (const { segment, matches } of segments) {
      for (let i = matches.length - 1; i >= 0 && left > 0; i--) {
        for (let rest = matches[i] as number; rest !== 0 && left > 0; rest &= rest - 1) {
          const document = memberAt(i, rest);
          const count = readTokens(segment, document, this.#tokens);
          const tokens = this.#tokens.subarray(0, count);
          read(segment.ids[document] as number, tokens, isInRange);
        }
      }
    }
    return counts;
  }

  /** How many of the quotes hold the term. */
  #count(term: number, { segments, buffered }: QuotesFound): number {
    let count = 0;
    for (const document of buffered) if (document.terms.includes(term)) count++;
    for (const { segment, matches } of segments) {
      const { from, to } = termRange(segment, term);
      const row = from === to ? -1 : commonRow(segment, from);
      if (row < 0) {
        const { documents, postingStarts } = segment;
        const end = postingStarts[to] as number;
        for (let p = postingStarts[from] as number; p < end; p++) {
          if (hasBit(matches, documents[p] as number)) count++;
        }
        continue;
      }
      const { commonBitmaps, liveDocs } = segment;
      const start = row * liveDocs.length;
      for (let i = 0; i < liveDocs.length; i++) {
        count += popCount((matches[i] as number) & (commonBitmaps[start + i] as number));
      }
    }
    return count;
  }

  /** Some of the quotes that hold the term. */
  #examples(term: number, { segments, buffered }: QuotesFound): number[] {
    const examples: number[] = [];
    for (const { id, terms } of buffered) {
      if (terms.includes(term)) examples.push(id);
      if (examples.length === EXAMPLES) return examples;
    }
    for (const { segment, matches } of segments) {
      const { documents, ids, postingStarts } = segment;
      const { from, to } = termRange(segment, term);
      const first = Math.max(
        postingStarts[from] as number,
        (postingStarts[to] as number) - MAX_SEEN,
      );
      for (let p = (postingStarts[to] as number) - 1; p >= first; p--) {
        const document = documents[p] as number;
        if (hasBit(matches, document)) examples.push(ids[document] as number);
        if (examples.length === EXAMPLES) return examples;
      }
    }
    return examples;
  }
}

/** The document of the lowest bit of `rest` in element `i` of a bitmap. */
function memberAt(i: number, rest: number): number {
  return i * 32 + 31 - Math.clz32(rest & -rest);
}
