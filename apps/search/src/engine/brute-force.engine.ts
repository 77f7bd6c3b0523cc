import { MAX_FACET_NAMES } from '#libs/quotes/search.limits.ts';
import { fieldsOf } from './document.fields.ts';
import { editDistance } from './edit.distance.ts';
import type { FacetKind, Facets } from './facet.counter.ts';
import { fold } from './fold.ts';
import type { Query, QueryWord } from './query.parser.ts';
import type { SelectionFilters } from './quote.selection.ts';
import {
  FEW_HITS,
  fieldImpact,
  hasDigit,
  idf,
  impact,
  MAX_EXPANSIONS,
  MAX_FUZZY_WORDS,
  MAX_GAP,
  maxEditDistance,
  packScore,
  TEXT_FIELD,
  WEIGHT_PER_IMPACT,
} from './ranking.ts';
import {
  type Hit,
  NO_DETAILS,
  type QuoteDetails,
  type SearchEngine,
  type SearchRequest,
  type SearchResult,
} from './search.engine.ts';

interface Document {
  /** See fieldsOf(). */
  fields: string[][];
  /** Those of all fields. */
  terms: Set<string>;
  quote: string;
  userId: string | null;
  details: QuoteDetails;
}

/** By word of the query, the similar terms with their edit distances. */
type Similar = Map<string, number>[];

/**
 * Reads every document for every query: the plainest code that keeps what ranking.ts promises. It
 * is the specification that the inverted index is tested against.
 */
export class BruteForceEngine implements SearchEngine {
  readonly #documents = new Map<number, Document>();

  get size(): number {
    return this.#documents.size;
  }

  add(id: number, quote: string, userId: string | null, details = NO_DETAILS): void {
    const fields = fieldsOf(quote, details);
    const terms = new Set(fields.flat());
    this.#documents.set(id, { fields, terms, quote, userId, details });
  }

  delete(id: number): void {
    this.#documents.delete(id);
  }

  search({ query, filters = {}, facets, limit, offset }: SearchRequest): SearchResult {
    let similar: Similar = query.words.map(() => new Map());
    let hits = this.#hits(query, filters, similar);
    const withTypos = hits.length < FEW_HITS && query.words.some(mayHaveTypo);
    if (withTypos) {
      similar = this.#similar(query.words);
      hits = this.#hits(query, filters, similar);
    }
    hits.sort((a, b) => b.score - a.score || b.id - a.id);
    return {
      total: hits.length,
      hits: hits.slice(offset, offset + limit),
      withTypos,
      similar: similar.map((terms) => [...terms.keys()]),
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

  #hits(query: Query, filters: SelectionFilters, similar: Similar): Hit[] {
    if (query.words.length === 0) return [];
    const idfs = query.words.map(({ term }) => idf(this.size, this.#documentFrequency(term)));
    const hits: Hit[] = [];
    for (const [id, document] of this.#documents) {
      if (!isSelected(document, filters)) continue;
      const { fields } = document;
      if (!query.phrases.every((phrase) => contains(fields, phrase))) continue;
      if (query.excluded.some((phrase) => contains(fields, phrase))) continue;
      const score = scoreOf(query.words, idfs, fields, similar);
      if (score !== undefined) hits.push({ id, score });
    }
    return hits;
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
    const terms = new Set([...this.#documents.values()].flatMap(({ terms }) => [...terms]));
    const near = [...terms]
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
    return [...this.#documents.values()].filter(({ terms }) => terms.has(term)).length;
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

function mayHaveTypo({ term, exact }: QueryWord): boolean {
  return !exact && !hasDigit(term) && maxEditDistance([...term].length) > 0;
}

/** Whether one of the fields contains the phrase. */
function contains(fields: string[][], phrase: string[]): boolean {
  return fields.some((terms) =>
    terms.some((_, start) => phrase.every((term, i) => terms[start + i] === term)),
  );
}

/** The score of a document; undefined when it lacks a word. */
function scoreOf(words: QueryWord[], idfs: number[], fields: string[][], similar: Similar) {
  const [text = [], ...others] = fields;
  const costsIn = (terms: string[]) =>
    words.map((word, i) => terms.map((term) => costOf(word, term, similar[i])));
  const costs = costsIn(text);
  const costsElsewhere = costsIn(others.flat());
  const best = words.map((_, i) =>
    Math.min(...(costs[i] ?? []), ...(costsElsewhere[i] ?? []), Number.POSITIVE_INFINITY),
  );
  const positions = costs.map((row, i) => [...row.keys()].filter((at) => row[at] === best[i]));
  const isElsewhere = costsElsewhere.map((row, i) => row.includes(best[i] as number));
  if (best.includes(Number.POSITIVE_INFINITY)) return undefined;

  const edits = best.filter((cost) => cost >= 1).reduce((sum, cost) => sum + cost, 0);
  const tier = edits > 0 ? 1 + edits : Math.ceil(Math.max(...best));
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
  return packScore(tier, proximity, bm25);
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

const PREFIX_COST = 0.5;

/**
 * What it costs to match the word by the term: 0 for the word itself, PREFIX_COST, an edit
 * distance, or Infinity.
 */
function costOf(word: QueryWord, term: string, similar?: Map<string, number>): number {
  if (term === word.term) return 0;
  if (word.prefix && term.startsWith(word.term)) return PREFIX_COST;
  return similar?.get(term) ?? Number.POSITIVE_INFINITY;
}

function gap(left: number[], right: number[]): number {
  let smallest = MAX_GAP;
  for (const p of left)
    for (const q of right) if (q !== p) smallest = Math.min(smallest, q > p ? q - p - 1 : p - q);
  return smallest;
}
