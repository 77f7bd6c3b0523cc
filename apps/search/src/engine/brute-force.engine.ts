import { MAX_FACET_NAMES } from '#libs/quotes/search.limits.ts';
import { fieldsOf } from './document.fields.ts';
import { editDistance } from './edit.distance.ts';
import type { FacetKind, Facets } from './facet.counter.ts';
import { fold } from './fold.ts';
import type { Query, QueryWord } from './query.parser.ts';
import { correct, dispensableWords, splitsAndJoins, withoutWords } from './query.rewriter.ts';
import { languageNumber } from './quote.columns.ts';
import { NO_DETAILS, type QuoteDetails } from './quote.details.ts';
import type { SelectionFilters } from './quote.selection.ts';
import {
  FEW_HITS,
  FORGIVEN_TIER,
  fieldImpact,
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
  TEXT_FIELD,
  WEIGHT_PER_IMPACT,
} from './ranking.ts';
import {
  nothingFound,
  type SearchEngine,
  type SearchRequest,
  type SearchResult,
} from './search.engine.ts';
import type { Hit } from './top.hits.ts';
import { hasStem, NO_LANGUAGE, STEMMED_LANGUAGES, stemmedLanguage, stemOf } from './word.stems.ts';

interface Document {
  /** See fieldsOf(). */
  fields: string[][];
  quote: string;
  userId: string | null;
  details: QuoteDetails;
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

  add(id: number, quote: string, userId: string | null, details = NO_DETAILS): void {
    const fields = fieldsOf(quote, details);
    const language = stemmedLanguage(languageNumber(details.lang));
    this.#documents.set(id, { fields, quote, userId, details, language });
    this.#statistics = undefined;
  }

  delete(id: number): void {
    this.#documents.delete(id);
    this.#statistics = undefined;
  }

  search({ query, filters = {}, facets, limit, offset }: SearchRequest): SearchResult {
    const result = nothingFound(query);
    result.inflected = this.#inflected(query.words).map((forms) => [...forms.keys()]);
    const hits = this.#find(query, filters);
    const strictTotal = hits.length;
    if (strictTotal < FEW_HITS && query.words.length > 0) {
      this.#forgive(query, filters, hits, result);
    }
    hits.sort((a, b) => b.score - a.score || b.id - a.id);
    return {
      ...result,
      total: hits.length,
      hits: hits.slice(offset, offset + limit),
      facets: facets && this.#facets(facets, hits),
    };
  }

  #facets(kinds: readonly FacetKind[], hits: Hit[]): Facets {
    const found = hits.map(({ id }) => this.#documents.get(id) as Document);
    const facets: Facets = {};
    for (const kind of kinds) {
      const all = [...this.#documents.values()].flatMap((document) => namesOf(document, kind));
      const keys = found.flatMap((document) => [...new Set(namesOf(document, kind).map(fold))]);
      const counts = [...new Set(keys)].sort().map((key) => ({
        name: usualSpelling(all.filter((name) => fold(name) === key)),
        quotes: keys.filter((other) => other === key).length,
      }));
      counts.sort((a, b) => b.quotes - a.quotes);
      facets[kind] = counts.slice(0, MAX_FACET_NAMES);
    }
    return facets;
  }

  /** Tries the query in other ways, and adds what they find to `hits`. */
  #forgive(query: Query, filters: SelectionFilters, hits: Hit[], result: SearchResult): void {
    const strictTotal = hits.length;
    const addNew = (more: Hit[]) => {
      const found = more.filter(({ id }) => !hits.some((hit) => hit.id === id));
      hits.push(...found);
      return found.length;
    };
    const documentFrequency = (term: string) => this.#documentFrequency(term);
    for (const { query: rewritten, words, terms } of splitsAndJoins(query, documentFrequency)) {
      if (hits.length >= FEW_HITS) break;
      const found = addNew(this.#find(rewritten, filters, FORGIVEN_TIER));
      if (found > 0) result.rewritings.push({ words, terms });
    }
    if (strictTotal === 0) result.corrections = result.rewritings.slice(0, 1);
    if (hits.length >= FEW_HITS) return;

    const withoutTypos = hits.length;
    const addSimilar = (isLastResort: boolean) => {
      const terms = this.#similar(query.words, isLastResort);
      result.withTypos = query.words.some((word) => maxDistanceOf(word, isLastResort) > 0);
      result.similar = terms.map((distances) => [...distances.keys()]);
      addNew(this.#find(query, filters, FORGIVEN_TIER, terms));
      return terms;
    };
    const near = addSimilar(false);
    const similar = hits.length === 0 ? addSimilar(true) : near;
    const similarOf = (words: QueryWord[]) => {
      return words.map((word) => similar[query.words.indexOf(word)] as Map<string, number>);
    };

    let rest = query;
    const dispensable = dispensableWords(query, this.#frequencies(query.words, near));
    for (let count = 1; hits.length === 0 && count <= dispensable.length; count++) {
      const dropped = dispensable.slice(0, count);
      rest = withoutWords(query, dropped);
      addNew(this.#find(rest, filters, RELAXED_TIER, similarOf(rest.words)));
      if (hits.length > 0) result.relaxed = dropped.map(({ term }) => term);
    }
    if (hits.length === withoutTypos) return;
    const corrections = correct(rest, {
      total: rest === query ? withoutTypos : this.#find(rest, filters).length,
      frequencies: this.#frequencies(rest.words),
      similar: similarOf(rest.words),
      documentFrequency,
      count: (trial) => this.#find(trial, filters).length,
    });
    if (corrections.length > 0) result.corrections = corrections;
  }

  #find(
    query: Query,
    filters: SelectionFilters,
    firstTier = 0,
    similar: Similar = query.words.map(() => new Map()),
  ): Hit[] {
    if (query.words.length === 0) return [];
    const idfs = query.words.map(({ term }) => idf(this.size, this.#documentFrequency(term)));
    const inflected = this.#inflected(query.words);
    const hits: Hit[] = [];
    for (const [id, document] of this.#documents) {
      if (!isSelected(document, filters)) continue;
      const { fields, language } = document;
      if (!query.phrases.every((phrase) => contains(fields, phrase))) continue;
      if (query.excluded.some((phrase) => contains(fields, phrase))) continue;
      const costOf = (word: QueryWord, i: number, term: string) => {
        if (term === word.term) return 0;
        if (word.prefix && term.startsWith(word.term)) return PREFIX_COST;
        if (inflected[i]?.get(term)?.includes(language)) return INFLECTION_COST;
        return similar[i]?.get(term) ?? Number.POSITIVE_INFINITY;
      };
      const costsIn = (terms: string[]) =>
        query.words.map((word, i) => terms.map((term) => costOf(word, i, term)));
      const [text = [], ...others] = fields;
      const costs = { text: costsIn(text), others: costsIn(others.flat()) };
      const score = scoreOf(query.words, idfs, fields, costs, firstTier);
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
    for (const { fields, language } of this.#documents.values()) {
      for (const term of new Set(fields.flat())) {
        const known = this.#statistics.get(term) ?? { documents: 0, languages: new Set() };
        known.documents++;
        if (language !== NO_LANGUAGE) known.languages.add(language);
        this.#statistics.set(term, known);
      }
    }
    return this.#statistics;
  }

  #similar(words: QueryWord[], isLastResort: boolean): Similar {
    const fuzzy = words
      .map((word) => ({ word, documents: this.#documentFrequency(word.term) }))
      .filter(({ word }) => maxDistanceOf(word, isLastResort) > 0)
      .sort((a, b) => a.documents - b.documents)
      .slice(0, MAX_FUZZY_WORDS)
      .map(({ word }) => word);
    return words.map((word) =>
      fuzzy.includes(word) ? this.#expand(word, maxDistanceOf(word, isLastResort)) : new Map(),
    );
  }

  #expand(word: QueryWord, maxDistance: number): Map<string, number> {
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

/** Whether the document passes all filters that are given. */
function isSelected({ quote, userId, details }: Document, filters: SelectionFilters): boolean {
  const { author, tag, lang, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = filters;
  const isOneOf = (wanted: string | undefined, names: readonly string[]) =>
    wanted === undefined || names.some((name) => fold(name) === fold(wanted));
  const { length } = [...quote];
  return (
    (filters.userId === undefined || filters.userId === userId) &&
    (lang === undefined || lang === details.lang) &&
    isOneOf(author, details.author === null ? [] : [details.author]) &&
    isOneOf(tag, details.tags) &&
    length >= minLength &&
    length <= maxLength
  );
}

function namesOf({ details: { author, tags, lang } }: Document, kind: FacetKind): string[] {
  if (kind !== 'tag') return [kind === 'author' ? author : lang].filter((name) => name !== null);
  // A quote has a tag once, in the first of its spellings.
  return tags.filter((tag, i) => tags.findIndex((other) => fold(other) === fold(tag)) === i);
}

/** The most frequent of the spellings, of several the first in text order. */
function usualSpelling(spellings: string[]): string {
  const count = (spelling: string) => spellings.filter((other) => other === spelling).length;
  const [usual = ''] = [...spellings].sort().sort((a, b) => count(b) - count(a));
  return usual;
}

function maxDistanceOf({ term, exact }: QueryWord, isLastResort: boolean): number {
  return exact || hasDigit(term) ? 0 : maxEditDistance([...term].length, isLastResort);
}

/** Whether one of the fields contains the phrase. */
function contains(fields: string[][], phrase: string[]): boolean {
  return fields.some((terms) =>
    terms.some((_, start) => phrase.every((term, i) => terms[start + i] === term)),
  );
}

/**
 * The score of a document; undefined when it lacks a word.
 * @param costs by word, what each term of the text and of the other fields costs as a match,
 *   Infinity when it is none
 */
function scoreOf(
  words: QueryWord[],
  idfs: number[],
  fields: string[][],
  costs: { text: number[][]; others: number[][] },
  firstTier: number,
) {
  const [text = []] = fields;
  const best = words.map((_, i) => {
    return Math.min(...(costs.text[i] ?? []), ...(costs.others[i] ?? []), Number.POSITIVE_INFINITY);
  });
  const positions = costs.text.map((row, i) => [...row.keys()].filter((at) => row[at] === best[i]));
  const isElsewhere = costs.others.map((row, i) => row.includes(best[i] as number));
  if (best.includes(Number.POSITIVE_INFINITY)) return undefined;

  const edits = best.filter((cost) => cost >= 1).reduce((sum, cost) => sum + cost, 0);
  let tier = 0;
  if (best.includes(PREFIX_COST)) tier = PREFIX_TIER;
  if (best.includes(INFLECTION_COST)) tier = INFLECTION_TIER;
  if (edits > 0) tier = INFLECTION_TIER + edits;
  let bm25 = 0;
  words.forEach((word, i) => {
    const isExact = best[i] === 0;
    const weight = isExact ? (idfs[i] as number) : WEIGHT_PER_IMPACT;
    bm25 += weight * (isExact ? highestImpact(word.term, fields) : impact(1, text.length));
  });
  let proximity = 0;
  for (let i = 1; i < words.length; i++) {
    if (isElsewhere[i - 1] || isElsewhere[i]) continue;
    proximity += gap(positions[i - 1] as number[], positions[i] as number[]);
  }
  return packScore(firstTier + tier, proximity, bm25);
}

/** The impact of a term in the field that it has the highest one in. */
function highestImpact(term: string, fields: string[][]): number {
  const impacts = fields.map((terms, field) => {
    const frequency = terms.filter((other) => other === term).length;
    if (frequency === 0) return 0;
    return field === TEXT_FIELD
      ? impact(frequency, terms.length)
      : fieldImpact(field, terms.length);
  });
  return Math.max(...impacts);
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
