import type { FacetKind, Facets } from './facet.counter.ts';
import type { Query } from './query.parser.ts';
import type { QuoteDetails } from './quote.details.ts';
import type { SelectionFilters } from './quote.selection.ts';
import type { Hit } from './top.hits.ts';

/** What to look for. */
export interface SearchRequest {
  /** Within the bounds of queryExcess(). */
  query: Query;
  /** Only quotes that match these. */
  filters?: SelectionFilters | undefined;
  /** What all quotes that match are counted by. */
  facets?: readonly FacetKind[] | undefined;
  limit: number;
  /** How many of the best hits are left out. */
  offset: number;
}

export interface SearchResult {
  /** Exact number of quotes that match. */
  total: number;
  hits: Hit[];
  /** Whether typos were needed: so few quotes match without that similar terms were looked for. */
  withTypos: boolean;
  /**
   * By word of the query, the similar terms that it was taken for; empty lists when they were not
   * tried.
   */
  similar: string[][];
  /** By word of the query, the inflected forms that it was taken for. */
  inflected: string[][];
  /** Splits and joins that found quotes which do not match without. */
  rewritings: Correction[];
  /** What was probably meant; empty when it is what was written. */
  corrections: Correction[];
  /** The words that were left out. */
  relaxed: string[];
  /** Of the kinds that were asked for; undefined when none was. */
  facets?: Facets | undefined;
}

/** The result of a search that has found nothing yet. */
export function nothingFound({ words }: Query): SearchResult {
  const none = words.map(() => []);
  return {
    total: 0,
    hits: [],
    withTypos: false,
    similar: none,
    inflected: none,
    rewritings: [],
    corrections: [],
    relaxed: [],
  };
}

/** Neighbouring words of a query, and the terms that they were taken for. */
export interface Correction {
  words: string[];
  terms: string[];
}

/** A searchable set of quotes. Ids are positive integers below 2^53. */
export interface SearchEngine {
  /** Quotes held. */
  readonly size: number;
  /** Adds a quote, or replaces the one that has this id. */
  add(id: number, quote: string, userId: string | null, details?: QuoteDetails): void;
  /** Forgets a quote; an unknown id changes nothing. */
  delete(id: number): void;
  search(request: SearchRequest): SearchResult;
}
