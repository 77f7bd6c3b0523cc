import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';
import { readFieldImpacts } from './document.fields.ts';
import { bordersOf, indexOf } from './pattern.search.ts';
import type { Query, QueryWord } from './query.parser.ts';
import {
  hasDigit,
  INFLECTION_TIER,
  idf,
  impact,
  MAX_COMPARED_LETTERS,
  MAX_EXPANSIONS,
  MAX_FUZZY_WORDS,
  MAX_GAP,
  maxEditDistance,
  PREFIX_TIER,
  packScore,
  singleImpact,
  WEIGHT_PER_IMPACT,
} from './ranking.ts';
import { MAX_DOCUMENT_TOKENS } from './segment.layout.ts';
import type { StemExpansion } from './stem.expansion.ts';
import type { Comparisons, OrdinalRange, TermTable } from './term.table.ts';
import { MAX_VARINT32_BYTES, writeVarint } from './varint.ts';
import { stemmedLanguage } from './word.stems.ts';

/** A word of the query, with the terms that match it. */
export interface WordMatcher {
  /** Number of the term that is the word itself, -1 when the table has none. */
  term: number;
  idf: number;
  /**
   * The terms that begin with the word, itself included; empty unless the word is also a prefix.
   */
  prefixRange: OrdinalRange;
  /** Its inflected forms, with the languages of the documents where they are, see word.stems.ts. */
  inflected: Map<number, number>;
  /** The similar terms with their edit distances. */
  similar: Map<number, number>;
}

/** By word of a query, its similar terms with their edit distances. */
export type SimilarTerms = Map<QueryWord, Map<number, number>>;

/** Terms that stand side by side, or a single one. */
export interface Phrase {
  terms: number[];
  /** By term, which word of the query it is; -1 for none, in what is excluded. */
  words: number[];
  /** The same terms as they are in the tokens of a segment. */
  bytes: Uint8Array;
  /** See bordersOf(). */
  borders: Uint8Array;
  byteBorders: Uint8Array;
}

/** What a matcher needs of the index. */
export interface MatcherContext {
  table: TermTable;
  stems: StemExpansion;
  /** How many documents the index holds. */
  documents: number;
  /** See QueryMatcher. All elements must be 0. */
  wordsByTerm: Uint32Array;
}

// The costs of matches as a prefix and by an inflected form: more than that of an exact match, less
// than one edit.
const PREFIX_COST = 0.5;
const INFLECTION_COST = 0.75;

/** The positions of all tokens of a document that match any word: scratch of scoreWords(). */
const positions = new Uint16Array(MAX_DOCUMENT_TOKENS);

/** The impacts of the tokens behind the text, see readFieldImpacts(): scratch as well. */
const tokenImpacts = new Uint8Array(MAX_DOCUMENT_TOKENS);

/**
 * A query prepared for one search: scores documents by their tokens. `wordsByTerm` maps each term
 * number to the words of the query that it matches, a bit each, so that most tokens of a document
 * cost one lookup. It is as long as the term table. The engine keeps it for all searches, so that a
 * search need not clear all of it: release() resets the elements that this one has set.
 */
export class QueryMatcher {
  readonly words: WordMatcher[];
  readonly phrases: Phrase[];
  readonly excluded: Phrase[];
  /** False when no term matches some word, so that no document can match. */
  readonly isSatisfiable: boolean;
  /**
   * True when postings cannot tell the score of a document: edit distances of several words have to
   * be added up.
   */
  readonly mustReadTokens: boolean;
  /** The tier of documents that hold all words exactly. */
  readonly firstTier: number;
  readonly #wordsByTerm: Uint32Array;
  readonly #terms: number[] = [];
  // The state of the document that is being scored: a bit for its language, and by word: how often
  // it occurs exactly in the text, its highest impact in the other fields, the cost of its best
  // match, the position of its latest best match, and the gap between it and the word before it in
  // the query.
  #languageBit = 0;
  readonly #frequencies: Uint32Array;
  readonly #fieldImpacts: Uint8Array;
  readonly #costs: Float64Array;
  readonly #lastPositions: Int32Array;
  readonly #gaps: Uint8Array;

  /**
   * @param similar of the words for which similar terms are to be tried
   * @param firstTier see ranking.ts
   */
  constructor(
    query: Query,
    context: MatcherContext,
    similar: SimilarTerms = new Map(),
    firstTier = 0,
  ) {
    const { table, wordsByTerm } = context;
    if (DEBUG_ASSERTIONS) {
      assert(!wordsByTerm.some((words) => words !== 0), 'the matcher before was released');
    }
    this.#wordsByTerm = wordsByTerm;
    this.firstTier = firstTier;
    this.words = query.words.map((word, i) => {
      return this.#prepare(word, i, context, similar.get(word) ?? new Map());
    });
    const numbersOf = (terms: string[]) => terms.map((term) => table.find(term) ?? -1);
    const phraseOfTerms = (terms: number[]) => phraseOf(terms, this.words);
    this.phrases = query.phrases.map(numbersOf).map(phraseOfTerms);
    // An exclusion with a term that no document holds excludes nothing.
    this.excluded = query.excluded
      .map(numbersOf)
      .filter((terms) => !terms.includes(-1))
      .map(phraseOfTerms);
    const count = this.words.length;
    this.mustReadTokens = count > 1 && this.words.some(({ similar }) => similar.size > 0);
    let matched = 0;
    for (const term of this.#terms) matched |= wordsByTerm[term] as number;
    this.isSatisfiable = count > 0 && matched === (1 << count) - 1;
    this.#frequencies = new Uint32Array(count);
    this.#fieldImpacts = new Uint8Array(count);
    this.#costs = new Float64Array(count);
    this.#lastPositions = new Int32Array(count);
    this.#gaps = new Uint8Array(count);
  }

  /** Leaves `wordsByTerm` as the constructor found it. */
  release(): void {
    for (const term of this.#terms) this.#wordsByTerm[term] = 0;
  }

  /**
   * The terms that match the rarest word of the query.
   * @param countOf how many documents hold a term
   */
  rarestWord(countOf: (term: number) => number): number[] {
    const counts = this.words.map(() => 0);
    for (const term of this.#terms) {
      const count = countOf(term);
      if (count === 0) continue;
      for (let rest = this.#wordsByTerm[term] as number; rest !== 0; rest &= rest - 1) {
        counts[lowestBit(rest)] = (counts[lowestBit(rest)] as number) + count;
      }
    }
    const bit = 1 << counts.indexOf(Math.min(...counts));
    return this.#terms.filter((term) => ((this.#wordsByTerm[term] as number) & bit) !== 0);
  }

  /**
   * The score of the document that has the first `count` of these tokens, of which the first
   * `length` are its text, or -1 when it does not match.
   * @param lang see languageNumber()
   */
  score(tokens: Uint32Array, count: number, length: number, lang: number): number {
    const score = this.scoreWords(tokens, count, length, lang);
    if (score < 0) return -1;
    const holds = ({ terms, borders }: Phrase) => indexOf(tokens, 0, count, terms, borders) >= 0;
    return this.phrases.every(holds) && !this.excluded.some(holds) ? score : -1;
  }

  /** The same for a document that is known to hold all phrases and nothing that is excluded. */
  scoreWords(tokens: Uint32Array, count: number, length: number, lang: number): number {
    this.#frequencies.fill(0);
    this.#fieldImpacts.fill(0);
    this.#costs.fill(Number.POSITIVE_INFINITY);
    this.#languageBit = 1 << stemmedLanguage(lang);
    if (count > length) readFieldImpacts(tokens, length, count, tokenImpacts);
    let matches = 0;
    for (let at = 0; at < count; at++) {
      const words = this.#wordsByTerm[tokens[at] as number] as number;
      if (words === 0) continue;
      positions[matches++] = at;
      const fieldImpact = at < length ? 0 : (tokenImpacts[at] as number);
      this.#countMatch(words, tokens[at] as number, fieldImpact);
    }
    const single = WEIGHT_PER_IMPACT * singleImpact(length);
    let edits = 0;
    let worst = 0;
    let bm25 = 0;
    for (let i = 0; i < this.words.length; i++) {
      const cost = this.#costs[i] as number;
      if (cost === Number.POSITIVE_INFINITY) return -1;
      if (cost >= 1) edits += cost;
      if (cost > worst) worst = cost;
      const { idf } = this.words[i] as WordMatcher;
      bm25 += cost === 0 ? idf * this.#impact(i, length) : single;
    }
    const tier = this.firstTier + (edits > 0 ? INFLECTION_TIER + edits : tierOf(worst));
    return packScore(tier, this.#proximity(tokens, matches, length), bm25);
  }

  /**
   * The proximity in a document that holds all words exactly, but `prefixWord` only as a prefix
   * unless that is -1. Its tokens are the varints in `bytes[from]` up to, but without, `bytes[to]`,
   * the first `length` of them those of its text. Reading stops when the proximity has fallen to
   * `minProximity`, which is a lower bound of it.
   */
  readProximity(
    bytes: Uint8Array,
    from: number,
    to: number,
    length: number,
    prefixWord: number,
    minProximity: number,
  ): number {
    const wordsByTerm = this.#wordsByTerm;
    this.#lastPositions.fill(-1);
    this.#gaps.fill(MAX_GAP);
    let sum = MAX_GAP * (this.words.length - 1);
    let next = from;
    for (let at = 0; next < to && sum > minProximity; at++) {
      // The same as readVarints(), whose array would cost as much again.
      let byte = bytes[next++] as number;
      let term = byte & 0x7f;
      for (let shift = 7; byte >= 0x80; shift += 7) {
        byte = bytes[next++] as number;
        term |= (byte & 0x7f) << shift;
      }
      const matched = wordsByTerm[term] as number;
      if (matched !== 0) sum -= this.#place(matched, term, prefixWord, at, at < length);
    }
    return sum;
  }

  /** Takes a token at `at` that matches these words. Returns by how much it narrows the gaps. */
  #place(matched: number, term: number, prefixWord: number, at: number, isInText: boolean): number {
    let best = 0;
    let narrowed = 0;
    for (let rest = matched; rest !== 0; rest &= rest - 1) {
      const i = lowestBit(rest);
      const word = this.words[i] as WordMatcher;
      if (i === prefixWord ? word.inflected.has(term) : word.term !== term) continue;
      best |= 1 << i;
      narrowed += isInText ? this.#narrowGaps(i, at) : this.#closeGaps(i);
    }
    // This follows the narrowing of all gaps, so that two words never share this token.
    for (; best !== 0; best &= best - 1) this.#lastPositions[lowestBit(best)] = at;
    return narrowed;
  }

  /** Counts a token that matches these words; `fieldImpact` is 0 for one of the text. */
  #countMatch(words: number, term: number, fieldImpact: number): void {
    for (let rest = words; rest !== 0; rest &= rest - 1) {
      const i = lowestBit(rest);
      const cost = this.#costOf(i, term);
      if (cost === 0) {
        if (fieldImpact === 0) this.#frequencies[i] = (this.#frequencies[i] as number) + 1;
        else this.#fieldImpacts[i] = Math.max(this.#fieldImpacts[i] as number, fieldImpact);
      }
      if (cost < (this.#costs[i] as number)) this.#costs[i] = cost;
    }
  }

  /** The impact of word `i` in the document, whose text has `length` words and which holds it. */
  #impact(i: number, length: number): number {
    const elsewhere = this.#fieldImpacts[i] as number;
    return elsewhere > 0 ? elsewhere : impact(this.#frequencies[i] as number, length);
  }

  /**
   * The cost of a match of word `i` by the term: 0 for the word itself, PREFIX_COST,
   * INFLECTION_COST, an edit distance, or Infinity when the term is a form of the word only in
   * other languages than that of the document.
   */
  #costOf(i: number, term: number): number {
    const { term: own, inflected, similar } = this.words[i] as WordMatcher;
    if (own === term) return 0;
    // Looking into an empty map takes time.
    const languages = inflected.size === 0 ? undefined : inflected.get(term);
    if (languages !== undefined && (languages & this.#languageBit) !== 0) return INFLECTION_COST;
    const distance = similar.size === 0 ? undefined : similar.get(term);
    if (distance !== undefined) return distance;
    return languages === undefined ? PREFIX_COST : Number.POSITIVE_INFINITY;
  }

  /**
   * The proximity of the document whose matching tokens stand at the first `count` of `positions`,
   * and whose text ends at `length`.
   */
  #proximity(tokens: Uint32Array, count: number, length: number): number {
    if (this.words.length === 1) return 0;
    this.#lastPositions.fill(-1);
    this.#gaps.fill(MAX_GAP);
    for (let m = 0; m < count; m++) {
      const at = positions[m] as number;
      const term = tokens[at] as number;
      let best = 0;
      for (let rest = this.#wordsByTerm[term] as number; rest !== 0; rest &= rest - 1) {
        const i = lowestBit(rest);
        if (this.#costOf(i, term) !== this.#costs[i]) continue;
        best |= 1 << i;
        if (at < length) this.#narrowGaps(i, at);
        else this.#closeGaps(i);
      }
      // This follows the narrowing of all gaps, so that two words never share this token.
      for (; best !== 0; best &= best - 1) this.#lastPositions[lowestBit(best)] = at;
    }
    let sum = 0;
    for (let i = 1; i < this.words.length; i++) sum += this.#gaps[i] as number;
    return sum;
  }

  /**
   * Narrows the gaps between word `i`, which stands at `at`, and its neighbours in the query. The
   * one behind it has been met before, and so in reverse order. Returns by how much.
   */
  #narrowGaps(i: number, at: number): number {
    let narrowed = 0;
    const before = i > 0 ? (this.#lastPositions[i - 1] as number) : -1;
    if (before >= 0) narrowed = this.#narrowGap(i, at - before - 1);
    const behind = i + 1 < this.words.length ? (this.#lastPositions[i + 1] as number) : -1;
    if (behind >= 0) narrowed += this.#narrowGap(i + 1, at - behind);
    return narrowed;
  }

  /** Closes the gaps between word `i` and its neighbours in the query. Returns by how much. */
  #closeGaps(i: number): number {
    const before = i > 0 ? this.#narrowGap(i, 0) : 0;
    return before + (i + 1 < this.words.length ? this.#narrowGap(i + 1, 0) : 0);
  }

  /** Narrows the gap in front of word `i`. Returns by how much. */
  #narrowGap(i: number, gap: number): number {
    const narrowed = (this.#gaps[i] as number) - gap;
    if (narrowed <= 0) return 0;
    this.#gaps[i] = gap;
    return narrowed;
  }

  #prepare(
    word: QueryWord,
    i: number,
    context: MatcherContext,
    similar: Map<number, number>,
  ): WordMatcher {
    const { term, prefix, exact } = word;
    const { table, stems, documents } = context;
    const number = table.find(term) ?? -1;
    if (number >= 0) this.#addMatch(number, i);
    const prefixRange = prefix ? table.prefixRange(term) : { from: 0, to: 0 };
    for (let ordinal = prefixRange.from; ordinal < prefixRange.to; ordinal++) {
      this.#addMatch(table.termsByOrdinal[ordinal] as number, i);
    }
    if (prefix) for (const other of table.unsortedWithPrefix(term)) this.#addMatch(other, i);
    const inflected = exact ? new Map<number, number>() : stems.inflections(term, prefix);
    for (const other of inflected.keys()) this.#addMatch(other, i);
    for (const other of similar.keys()) this.#addMatch(other, i);
    const documentFrequency = number < 0 ? 0 : table.documentFrequency(number);
    return {
      term: number,
      idf: idf(documents, documentFrequency),
      prefixRange,
      inflected,
      similar,
    };
  }

  /** Notes that the term matches word `i`. */
  #addMatch(term: number, i: number): void {
    const words = this.#wordsByTerm[term] as number;
    if (words === 0) this.#terms.push(term);
    this.#wordsByTerm[term] = words | (1 << i);
  }
}

/**
 * The similar terms of the words that may have any: the rarest ones, and of equal ones the first.
 * @param isLastResort see maxEditDistance()
 */
export function similarTerms(
  words: QueryWord[],
  table: TermTable,
  isLastResort: boolean,
): SimilarTerms {
  const maxDistanceOf = ({ term, exact }: QueryWord) =>
    exact || hasDigit(term) ? 0 : maxEditDistance([...term].length, isLastResort);
  const documentFrequency = ({ term }: QueryWord) => {
    const number = table.find(term);
    return number === undefined ? 0 : table.documentFrequency(number);
  };
  const comparisons = { lettersLeft: MAX_COMPARED_LETTERS };
  const fuzzy = words
    .filter((word) => maxDistanceOf(word) > 0)
    .sort((a, b) => documentFrequency(a) - documentFrequency(b))
    .slice(0, MAX_FUZZY_WORDS);
  // In the order of the query: the comparisons of the first words are made first.
  return new Map(
    words
      .filter((word) => fuzzy.includes(word))
      .map((word) => [word, expand(word, maxDistanceOf(word), table, comparisons)]),
  );
}

/**
 * The similar terms of a word, as ranking.ts defines them, without those that match it as a prefix.
 */
function expand(
  { term: word, prefix }: QueryWord,
  maxDistance: number,
  table: TermTable,
  comparisons: Comparisons,
): Map<number, number> {
  const similar = table.similar(word, maxDistance, comparisons);
  const isPrefixOf = (term: number) => prefix && table.text(term).startsWith(word);
  const found = [...similar].filter(([term]) => !isPrefixOf(term) && !hasDigit(table.text(term)));
  found.sort(
    ([a, distanceA], [b, distanceB]) =>
      distanceA - distanceB ||
      table.documentFrequency(b) - table.documentFrequency(a) ||
      (table.text(a) < table.text(b) ? -1 : 1),
  );
  return new Map(found.slice(0, MAX_EXPANSIONS));
}

/** The tier of a document whose worst match of a word costs this, which is less than one edit. */
function tierOf(cost: number): number {
  if (cost === 0) return 0;
  return cost === PREFIX_COST ? PREFIX_TIER : INFLECTION_TIER;
}

function phraseOf(terms: number[], queryWords: readonly WordMatcher[]): Phrase {
  const words = terms.map((term) => queryWords.findIndex((word) => word.term === term));
  const bytes = new Uint8Array(MAX_VARINT32_BYTES * terms.length);
  let end = 0;
  // A phrase with an unknown term is never looked for by its bytes: no document holds all of its
  // terms.
  for (const term of terms) end = writeVarint(bytes, end, Math.max(0, term));
  const found = bytes.subarray(0, end);
  return { terms, words, bytes: found, borders: bordersOf(terms), byteBorders: bordersOf(found) };
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
