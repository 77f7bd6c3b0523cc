import { MAX_INFLECTIONS } from './ranking.ts';
import type { TermTable } from './term.table.ts';
import {
  ALL_STEMMED,
  hasStem,
  languagesOfScript,
  MAX_ENDING_LENGTH,
  NO_LANGUAGE,
  STEMMED_LANGUAGES,
  stemOf,
  stemPrefix,
} from './word.stems.ts';

/**
 * A stemmer takes some microseconds a word. What a query may stem anew is bounded: terms beyond
 * that are missed, until a later query has stemmed them.
 */
const MAX_NEW_STEMS = 2000;

/** The forms of so many words are kept until the table changes. */
const MAX_KEPT_WORDS = 1000;

/** The hash of a stem that is not known yet. */
const UNKNOWN = 0;

/**
 * Finds the inflected forms of words among the terms of a table. All forms of a word begin with the
 * same letters, and are neighbours in text order. Of each of these the hash of its stem is kept, in
 * two bytes for a language, so that most neighbours are stemmed only once.
 */
export class StemExpansion {
  readonly #table: TermTable;
  /** By language and term number, a hash of the stem of the term. */
  readonly #hashes: Uint16Array<ArrayBuffer>[] = [];
  /** The forms of the words looked for since the last change of the table. */
  readonly #kept = new Map<string, Map<number, number>>();
  #retained = 0;
  #changes = 0;
  #stemsLeft = 0;

  constructor(table: TermTable) {
    this.#table = table;
  }

  /** Must be called before each query. */
  begin(): void {
    this.#stemsLeft = MAX_NEW_STEMS;
    if (this.#changes !== this.#table.changes || this.#kept.size >= MAX_KEPT_WORDS) {
      this.#changes = this.#table.changes;
      this.#kept.clear();
    }
    if (this.#retained === this.#table.retained) return;
    this.#retained = this.#table.retained;
    for (const hashes of this.#hashes) hashes?.fill(UNKNOWN);
  }

  /**
   * The terms of live documents that are inflected forms of the word, as ranking.ts defines them,
   * and the languages of the documents where they are, a bit `1 << language` each.
   */
  inflections(word: string, isPrefix: boolean): Map<number, number> {
    const key = isPrefix ? `${word}*` : word;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const found = this.#mostFrequent(this.#find(word, isPrefix));
    // What the bound has cut short may be found whole the next time.
    if (this.#stemsLeft > 0) this.#kept.set(key, found);
    return found;
  }

  #find(word: string, isPrefix: boolean): Map<number, number> {
    const table = this.#table;
    const number = table.find(word);
    const known = number === undefined ? 0 : table.languages(number);
    const languages = (known || ALL_STEMMED) & languagesOfScript(word);
    const found = new Map<number, number>();
    for (let language = 1; language <= STEMMED_LANGUAGES; language++) {
      if ((languages & (1 << language)) === 0) continue;
      this.#collect(word, isPrefix, language, found);
    }
    return found;
  }

  /** Adds to `found` the terms that are forms of the word in a language. */
  #collect(word: string, isPrefix: boolean, language: number, found: Map<number, number>): void {
    const table = this.#table;
    const stem = stemOf(word, language);
    // Dutch makes `god` of `good`, too.
    if (!hasStem(word, stem, language)) return;
    const hash = hashOf(stem);
    const hashes = this.#hashesOf(language);
    const visit = (term: number) => {
      const known = hashes[term] as number;
      if (known !== UNKNOWN && known !== hash) return;
      if (table.documentFrequency(term) === 0) return;
      if (table.lengthOf(term) > stem.length + MAX_ENDING_LENGTH) return;
      const read = table.languages(term) || ALL_STEMMED;
      if ((read & (1 << language)) === 0) return;
      const text = table.text(term);
      if (text === word || (isPrefix && text.startsWith(word))) return;
      if (known === UNKNOWN && !this.#stem(text, term, language, hashes)) return;
      if (hashes[term] !== hash || !hasStem(text, stem, language)) return;
      // A document without a language may be in any of those.
      found.set(term, (found.get(term) ?? 1 << NO_LANGUAGE) | (1 << language));
    };
    const prefix = stemPrefix(stem);
    const { from, to } = table.prefixRange(prefix);
    for (let ordinal = from; ordinal < to; ordinal++) {
      visit(table.termsByOrdinal[ordinal] as number);
    }
    for (const term of table.unsortedWithPrefix(prefix)) visit(term);
  }

  /** Notes the hash of the stem of a term. Returns false when the query may stem no more. */
  #stem(text: string, term: number, language: number, hashes: Uint16Array): boolean {
    if (this.#stemsLeft-- <= 0) return false;
    hashes[term] = hashOf(stemOf(text, language));
    return true;
  }

  #hashesOf(language: number): Uint16Array {
    const known = this.#hashes[language];
    if (known !== undefined && known.length >= this.#table.size) return known;
    const hashes = new Uint16Array(2 * this.#table.size);
    if (known !== undefined) hashes.set(known);
    this.#hashes[language] = hashes;
    return hashes;
  }

  #mostFrequent(found: Map<number, number>): Map<number, number> {
    const table = this.#table;
    const sorted = [...found].sort(
      ([a], [b]) =>
        table.documentFrequency(b) - table.documentFrequency(a) ||
        (table.text(a) < table.text(b) ? -1 : 1),
    );
    return new Map(sorted.slice(0, MAX_INFLECTIONS));
  }
}

/** FNV-1a, folded to 16 bits, but never UNKNOWN. */
function hashOf(stem: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < stem.length; i++) hash = Math.imul(hash ^ stem.charCodeAt(i), 0x01000193);
  return (hash >>> 16) ^ (hash & 0xffff) || 1;
}
