import { editDistance } from './edit.distance.ts';
import type { Query, QueryWord } from './query.parser.ts';
import { correct, dispensableWords, splitsAndJoins, withoutWords } from './query.rewriter.ts';
import { languageNumber } from './quote.columns.ts';
import {
  FEW_HITS,
  FORGIVEN_TIER,
  hasDigit,
  INFLECTION_TIER,
  idf,
  impact,
  MAX_EXPANSIONS,
  MAX_FUZZY_WORDS,
  MAX_GAP,
  MAX_INFLECTIONS,
  maxEditDistance,
  PREFIX_TIER,
  packScore,
  RELAXED_TIER,
  WEIGHT_PER_IMPACT,
} from './ranking.ts';
import type {
  Hit,
  QuoteDetails,
  SearchEngine,
  SearchRequest,
  SearchResult,
} from './search.engine.ts';
import { termsOf } from './tokenizer.ts';
import { hasStem, NO_LANGUAGE, STEMMED_LANGUAGES, stemmedLanguage, stemOf } from './word.stems.ts';

interface Document {
  terms: string[];
  userId: string | null;
  /** See word.stems.ts. */
  language: number;
}

/** What is known of a term: how many documents hold it, and their languages. */
interface Statistics {
  documents: number;
  languages: Set<number>;
}

/** By word of the query, the similar terms with their edit distances. */
type Similar = Map<string, number>[];

/** By word of the query, its inflected forms with the languages of the documents where they are. */
type Inflected = Map<string, number[]>[];

/**
 * Reads every document for every query: the plainest code that keeps what ranking.ts promises. It
 * is the specification that the inverted index is tested against.
 */
export class BruteForceEngine implements SearchEngine {
  readonly #documents = new Map<number, Document>();
  /** By term; undefined after a change, until it is needed. */
  #statistics: Map<string, Statistics> | undefined;
  /** What hasStem() said, which takes long, by word, term and language. */
  readonly #forms = new Map<string, boolean>();

  get size(): number {
    return this.#documents.size;
  }

  add(id: number, quote: string, userId: string | null, details?: QuoteDetails): void {
    const language = stemmedLanguage(languageNumber(details?.lang ?? null));
    this.#documents.set(id, { terms: termsOf(quote), userId, language });
    this.#statistics = undefined;
  }

  delete(id: number): void {
    this.#documents.delete(id);
    this.#statistics = undefined;
  }

  search({ query, userId, limit, offset }: SearchRequest): SearchResult {
    const none = query.words.map(() => []);
    const result: SearchResult = {
      total: 0,
      hits: [],
      withTypos: false,
      similar: none,
      inflected: this.#inflected(query.words).map((forms) => [...forms.keys()]),
      rewritings: [],
      corrections: [],
      relaxed: [],
    };
    const hits = this.#find(query, userId);
    const strictTotal = hits.length;
    if (strictTotal < FEW_HITS && query.words.length > 0) {
      this.#forgive(query, userId, hits, result);
    }
    hits.sort((a, b) => b.score - a.score || b.id - a.id);
    return { ...result, total: hits.length, hits: hits.slice(offset, offset + limit) };
  }

  /** Tries the query in other ways, and adds what they find to `hits`. */
  #forgive(query: Query, userId: string | undefined, hits: Hit[], result: SearchResult): void {
    const strictTotal = hits.length;
    const addNew = (more: Hit[]) => {
      const found = more.filter(({ id }) => !hits.some((hit) => hit.id === id));
      hits.push(...found);
      return found.length;
    };
    const documentFrequency = (term: string) => this.#documentFrequency(term);
    for (const { query: rewritten, words, terms } of splitsAndJoins(query, documentFrequency)) {
      if (hits.length >= FEW_HITS) break;
      const found = addNew(this.#find(rewritten, userId, FORGIVEN_TIER));
      if (found > 0) result.rewritings.push({ words, terms });
    }
    if (strictTotal === 0) result.corrections = result.rewritings.slice(0, 1);
    if (hits.length >= FEW_HITS) return;

    const withoutTypos = hits.length;
    result.withTypos = query.words.some(mayHaveTypo);
    const similar = this.#similar(query.words);
    result.similar = similar.map((terms) => [...terms.keys()]);
    const similarOf = (words: QueryWord[]) => {
      return words.map((word) => similar[query.words.indexOf(word)] as Map<string, number>);
    };
    addNew(this.#find(query, userId, FORGIVEN_TIER, similar));

    let rest = query;
    const dispensable = dispensableWords(query, this.#frequencies(query.words, similar));
    for (let count = 1; hits.length === 0 && count <= dispensable.length; count++) {
      const dropped = dispensable.slice(0, count);
      rest = withoutWords(query, dropped);
      addNew(this.#find(rest, userId, RELAXED_TIER, similarOf(rest.words)));
      if (hits.length > 0) result.relaxed = dropped.map(({ term }) => term);
    }
    if (hits.length === withoutTypos) return;
    const corrections = correct(rest, {
      total: rest === query ? withoutTypos : this.#find(rest, userId).length,
      frequencies: this.#frequencies(rest.words),
      similar: similarOf(rest.words),
      documentFrequency,
      count: (trial) => this.#find(trial, userId).length,
    });
    if (corrections.length > 0) result.corrections = corrections;
  }

  #find(
    query: Query,
    userId: string | undefined,
    firstTier = 0,
    similar: Similar = query.words.map(() => new Map()),
  ): Hit[] {
    if (query.words.length === 0) return [];
    const idfs = query.words.map(({ term }) => idf(this.size, this.#documentFrequency(term)));
    const inflected = this.#inflected(query.words);
    const hits: Hit[] = [];
    for (const [id, document] of this.#documents) {
      if (userId !== undefined && document.userId !== userId) continue;
      if (!query.phrases.every((phrase) => contains(document.terms, phrase))) continue;
      if (query.excluded.some((phrase) => contains(document.terms, phrase))) continue;
      const costs = query.words.map((word, i) => {
        return document.terms.map((term) => {
          if (term === word.term) return 0;
          if (word.prefix && term.startsWith(word.term)) return PREFIX_COST;
          if (inflected[i]?.get(term)?.includes(document.language)) return INFLECTION_COST;
          return similar[i]?.get(term) ?? Number.POSITIVE_INFINITY;
        });
      });
      const score = scoreOf(query.words, idfs, document.terms, costs, firstTier);
      if (score !== undefined) hits.push({ id, score });
    }
    return hits;
  }

  #inflected(words: QueryWord[]): Inflected {
    return words.map((word) => (word.exact ? new Map() : this.#formsOf(word)));
  }

  #formsOf(word: QueryWord): Map<string, number[]> {
    const all = Array.from({ length: STEMMED_LANGUAGES }, (_, i) => i + 1);
    const known = this.#languages(word.term);
    const languages = (known.length > 0 ? known : all).filter(
      (language) => all.includes(language) && this.#isForm(word.term, word.term, language),
    );
    const forms = [...this.#terms().keys()]
      .filter((term) => term !== word.term && !(word.prefix && term.startsWith(word.term)))
      .map((term) => {
        const read = this.#languages(term);
        const meant = languages.filter(
          (language) =>
            (read.length === 0 || read.includes(language)) &&
            this.#isForm(word.term, term, language),
        );
        return { term, meant, documents: this.#documentFrequency(term) };
      })
      .filter(({ meant }) => meant.length > 0);
    forms.sort((a, b) => b.documents - a.documents || (a.term < b.term ? -1 : 1));
    return new Map(
      forms.slice(0, MAX_INFLECTIONS).map(({ term, meant }) => [term, [NO_LANGUAGE, ...meant]]),
    );
  }

  #isForm(word: string, term: string, language: number): boolean {
    const key = `${word} ${term} ${language}`;
    const known = this.#forms.get(key);
    if (known !== undefined) return known;
    const isForm = hasStem(term, stemOf(word, language), language);
    this.#forms.set(key, isForm);
    return isForm;
  }

  /** The languages of the documents that hold the term. */
  #languages(term: string): number[] {
    return [...(this.#terms().get(term)?.languages ?? [])];
  }

  /** By word, the sum of the frequencies of all terms that match it. */
  #frequencies(words: QueryWord[], similar?: Similar): number[] {
    const inflected = this.#inflected(words);
    return words.map((word, i) => {
      const matching = [...this.#terms().keys()].filter(
        (term) =>
          term === word.term ||
          (word.prefix && term.startsWith(word.term)) ||
          inflected[i]?.has(term) ||
          similar?.[i]?.has(term),
      );
      return matching.reduce((sum, term) => sum + this.#documentFrequency(term), 0);
    });
  }

  #terms(): Map<string, Statistics> {
    if (this.#statistics !== undefined) return this.#statistics;
    this.#statistics = new Map();
    for (const { terms, language } of this.#documents.values()) {
      for (const term of new Set(terms)) {
        const known = this.#statistics.get(term) ?? { documents: 0, languages: new Set() };
        known.documents++;
        if (language !== NO_LANGUAGE) known.languages.add(language);
        this.#statistics.set(term, known);
      }
    }
    return this.#statistics;
  }

  #similar(words: QueryWord[]): Similar {
    const fuzzy = words
      .map((word) => ({ word, documents: this.#documentFrequency(word.term) }))
      .filter(({ word }) => mayHaveTypo(word))
      .sort((a, b) => a.documents - b.documents)
      .slice(0, MAX_FUZZY_WORDS)
      .map(({ word }) => word);
    return words.map((word) => (fuzzy.includes(word) ? this.#expand(word) : new Map()));
  }

  #expand(word: QueryWord): Map<string, number> {
    const maxDistance = maxEditDistance([...word.term].length);
    const near = [...this.#terms().keys()]
      .filter((term) => term !== word.term && !hasDigit(term))
      .filter((term) => !(word.prefix && term.startsWith(word.term)))
      .map((term) => ({ term, distance: editDistance(word.term, term, maxDistance) }))
      .filter(({ distance }) => distance <= maxDistance)
      .map((near) => ({ ...near, documents: this.#documentFrequency(near.term) }));
    near.sort((a, b) => (a.term < b.term ? -1 : 1));
    near.sort((a, b) => a.distance - b.distance || b.documents - a.documents);
    return new Map(near.slice(0, MAX_EXPANSIONS).map(({ term, distance }) => [term, distance]));
  }

  #documentFrequency(term: string): number {
    return this.#terms().get(term)?.documents ?? 0;
  }
}

function mayHaveTypo({ term, exact }: QueryWord): boolean {
  return !exact && !hasDigit(term) && maxEditDistance([...term].length) > 0;
}

function contains(terms: string[], phrase: string[]): boolean {
  return terms.some((_, start) => phrase.every((term, i) => terms[start + i] === term));
}

/**
 * The score of a document; undefined when it lacks a word.
 * @param costs by word, what each term of the document costs as a match, Infinity when it is none
 */
function scoreOf(
  words: QueryWord[],
  idfs: number[],
  terms: string[],
  costs: number[][],
  firstTier: number,
) {
  const best = costs.map((row) => Math.min(...row, Number.POSITIVE_INFINITY));
  const positions = costs.map((row, i) => [...row.keys()].filter((at) => row[at] === best[i]));
  if (best.includes(Number.POSITIVE_INFINITY)) return undefined;

  const edits = best.filter((cost) => cost >= 1).reduce((sum, cost) => sum + cost, 0);
  let tier = 0;
  if (best.includes(PREFIX_COST)) tier = PREFIX_TIER;
  if (best.includes(INFLECTION_COST)) tier = INFLECTION_TIER;
  if (edits > 0) tier = INFLECTION_TIER + edits;
  let bm25 = 0;
  words.forEach((word, i) => {
    const frequency = terms.filter((term) => term === word.term).length;
    const weight = frequency > 0 ? (idfs[i] as number) : WEIGHT_PER_IMPACT;
    bm25 += weight * impact(Math.max(1, frequency), terms.length);
  });
  let proximity = 0;
  for (let i = 1; i < words.length; i++) {
    proximity += gap(positions[i - 1] as number[], positions[i] as number[]);
  }
  return packScore(firstTier + tier, proximity, bm25);
}

// What it costs to match a word by a term that is not the word itself; an edit costs 1.
const PREFIX_COST = 0.5;
const INFLECTION_COST = 0.75;

function gap(left: number[], right: number[]): number {
  let smallest = MAX_GAP;
  for (const p of left)
    for (const q of right) if (q !== p) smallest = Math.min(smallest, q > p ? q - p - 1 : p - q);
  return smallest;
}
