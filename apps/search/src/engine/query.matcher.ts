import type { Query, QueryWord } from './query.parser.ts';
import { FAR, idf, impact, impactOnce, score, TYPO_TERMS, TYPO_WORDS, typosAllowed, UNIT } from './ranking.ts';
import { MAX_TOKENS } from './segment.layout.ts';
import type { TermTable } from './term.table.ts';
import { writeVarint } from './varint.ts';

/** A word of the query with the terms that it accepts. */
export interface Matcher {
  /** Number of the term itself, -1 when no document ever had it. */
  term: number;
  idf: number;
  /** Ranks of the terms that begin with it, itself included; empty unless the word is also a prefix. */
  from: number;
  to: number;
  /** Number and typos of each similar term. */
  similar: Map<number, number>;
}

/** Terms that stand side by side, or a single one; also as the bytes that they are in a document of a segment. */
export interface Phrase {
  terms: number[];
  bytes: Uint8Array;
}

/**
 * A query made ready for one search: reads a document's term numbers and rates them. `accepted` maps each term number to the words that accept it, as bits,
 * so that a token costs one look. It belongs to the engine and is as long as the term table; release() wipes it.
 */
export class QueryMatcher {
  readonly words: Matcher[];
  readonly phrases: Phrase[];
  readonly excluded: Phrase[];
  /** False when some word is accepted by no term at all. */
  readonly possible: boolean;
  /** True when postings alone cannot tell how well a document matches: there are typos of several words to add up. */
  readonly mustRead: boolean;
  readonly #accepted: Uint32Array;
  readonly #marked: number[] = [];
  readonly #all: number;
  readonly #frequencies: Uint32Array;
  readonly #costs: Float64Array;
  readonly #matches = new Uint16Array(MAX_TOKENS);
  readonly #lasts: Int32Array;
  readonly #gaps: Uint8Array;

  constructor(query: Query, table: TermTable, documents: number, withTypos: boolean, accepted: Uint32Array) {
    this.#accepted = accepted;
    const forgiven = withTypos ? forgivenWords(query.words, table) : [];
    this.words = query.words.map((word, i) => this.#prepare(word, i, table, documents, forgiven.includes(word)));
    const known = (terms: string[]) => terms.map((term) => table.find(term) ?? -1);
    this.phrases = query.phrases.map(known).map(phraseOf);
    this.excluded = query.excluded
      .map(known)
      .filter((terms) => !terms.includes(-1))
      .map(phraseOf);
    this.mustRead = this.words.length > 1 && this.words.some(({ similar }) => similar.size > 0);
    const count = this.words.length;
    let reached = 0;
    for (const number of this.#marked) reached |= accepted[number] as number;
    this.#all = (1 << count) - 1;
    this.possible = count > 0 && reached === this.#all;
    this.#frequencies = new Uint32Array(count);
    this.#costs = new Float64Array(count);
    this.#lasts = new Int32Array(count);
    this.#gaps = new Uint8Array(count);
  }

  /** Leaves `accepted` as it was found. */
  release(): void {
    for (const number of this.#marked) this.#accepted[number] = 0;
  }

  /** The score of a document of these tokens, or -1 when it does not match. */
  match(tokens: Uint32Array, length: number): number {
    const rating = this.rate(tokens, length);
    if (rating < 0) return -1;
    if (!this.phrases.every(({ terms }) => contains(tokens, length, terms))) return -1;
    return this.excluded.some(({ terms }) => contains(tokens, length, terms)) ? -1 : rating;
  }

  /** The same, without a look at phrases and exclusions. */
  rate(tokens: Uint32Array, length: number): number {
    this.#frequencies.fill(0);
    this.#costs.fill(Number.POSITIVE_INFINITY);
    let found = 0;
    let count = 0;
    for (let at = 0; at < length; at++) {
      const words = this.#accepted[tokens[at] as number] as number;
      if (words === 0) continue;
      found |= words;
      this.#matches[count++] = at;
      this.#weigh(words, tokens[at] as number);
    }
    if (found !== this.#all) return -1;
    let typed = 0;
    let tier = 0;
    let bm25 = 0;
    for (let i = 0; i < this.words.length; i++) {
      const cost = this.#costs[i] as number;
      if (cost >= 1) typed += cost;
      if (cost > 0) tier = 1;
      const frequency = this.#frequencies[i] as number;
      bm25 += frequency > 0 ? (this.words[i] as Matcher).idf * impact(frequency, length) : UNIT * impactOnce(length);
    }
    return score(typed > 0 ? 1 + typed : tier, this.#proximity(tokens, count), bm25);
  }

  #weigh(words: number, term: number): void {
    for (let rest = words; rest !== 0; rest &= rest - 1) {
      const i = lowestBit(rest);
      const cost = this.#cost(i, term);
      if (cost === 0) this.#frequencies[i] = (this.#frequencies[i] as number) + 1;
      if (cost < (this.#costs[i] as number)) this.#costs[i] = cost;
    }
  }

  #cost(i: number, term: number): number {
    const word = this.words[i] as Matcher;
    return word.term === term ? 0 : (word.similar.get(term) ?? PREFIX);
  }

  /** Of the document whose first `count` matching tokens stand at #matches. */
  #proximity(tokens: Uint32Array, count: number): number {
    if (this.words.length === 1) return 0;
    this.#lasts.fill(-1);
    this.#gaps.fill(FAR);
    for (let m = 0; m < count; m++) {
      const at = this.#matches[m] as number;
      const term = tokens[at] as number;
      let best = 0;
      for (let rest = this.#accepted[term] as number; rest !== 0; rest &= rest - 1) {
        const i = lowestBit(rest);
        if (this.#cost(i, term) !== this.#costs[i]) continue;
        best |= 1 << i;
        this.#closeGaps(i, at);
      }
      // Only now, so that two words never share this token.
      for (; best !== 0; best &= best - 1) this.#lasts[lowestBit(best)] = at;
    }
    let sum = 0;
    for (let i = 1; i < this.words.length; i++) sum += this.#gaps[i] as number;
    return sum;
  }

  /** Word i stands at `at`. Gap i is the one between word i - 1 and word i. */
  #closeGaps(i: number, at: number): void {
    const left = i > 0 ? (this.#lasts[i - 1] as number) : -1;
    if (left >= 0) this.#gaps[i] = Math.min(this.#gaps[i] as number, at - left - 1);
    const right = i + 1 < this.words.length ? (this.#lasts[i + 1] as number) : -1;
    if (right >= 0) this.#gaps[i + 1] = Math.min(this.#gaps[i + 1] as number, at - right);
  }

  #prepare({ term, prefix }: QueryWord, i: number, table: TermTable, documents: number, isForgiven: boolean): Matcher {
    const number = table.find(term) ?? -1;
    if (number >= 0) this.#accept(number, i);
    const range = prefix ? table.prefixRange(term) : { from: 0, to: 0 };
    for (let rank = range.from; rank < range.to; rank++) this.#accept(table.order[rank] as number, i);
    if (prefix) for (const other of table.unsortedWithPrefix(term)) this.#accept(other, i);
    const similar = isForgiven ? nearest(term, prefix, table) : new Map<number, number>();
    for (const other of similar.keys()) this.#accept(other, i);
    return { term: number, idf: idf(documents, number < 0 ? 0 : table.documents(number)), ...range, similar };
  }

  #accept(number: number, word: number): void {
    const words = this.#accepted[number] as number;
    if (words === 0) this.#marked.push(number);
    this.#accepted[number] = words | (1 << word);
  }
}

/** Between an exact match, which costs nothing, and one typo. */
const PREFIX = 0.5;

/** Whether typos may be forgiven in the word. */
export function isForgivable({ term, exact }: QueryWord): boolean {
  return !exact && typosAllowed([...term].length) > 0;
}

/** The words that typos are forgiven in. */
function forgivenWords(words: QueryWord[], table: TermTable): QueryWord[] {
  const documents = ({ term }: QueryWord) => {
    const number = table.find(term);
    return number === undefined ? 0 : table.documents(number);
  };
  return words
    .filter(isForgivable)
    .sort((a, b) => documents(a) - documents(b))
    .slice(0, TYPO_WORDS);
}

/** The terms that a word is taken for, but those that it is a prefix of, with their typos. */
function nearest(word: string, isPrefix: boolean, table: TermTable): Map<number, number> {
  const found = [...table.similar(word, typosAllowed([...word].length))].filter(
    ([term]) => table.documents(term) > 0 && !(isPrefix && table.text(term).startsWith(word)),
  );
  found.sort(
    ([a, typos], [b, others]) =>
      typos - others || table.documents(b) - table.documents(a) || (table.text(a) < table.text(b) ? -1 : 1),
  );
  return new Map(found.slice(0, TYPO_TERMS));
}

function phraseOf(terms: number[]): Phrase {
  const bytes = new Uint8Array(5 * terms.length);
  let end = 0;
  for (const term of terms) end = writeVarint(bytes, end, Math.max(0, term));
  return { terms, bytes: bytes.subarray(0, end) };
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

function contains(tokens: Uint32Array, length: number, phrase: number[]): boolean {
  for (let start = 0; start + phrase.length <= length; start++) {
    let same = 0;
    while (same < phrase.length && tokens[start + same] === phrase[same]) same++;
    if (same === phrase.length) return true;
  }
  return false;
}
