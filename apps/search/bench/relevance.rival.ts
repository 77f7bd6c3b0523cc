import type { RealQuote } from './real.quotes.ts';

/** How many hits an engine is asked for. */
export const RELEVANCE_LIMIT = 20;

/**
 * A search engine whose hits are compared with ours. Only the words of a query are given to it, as
 * to ours: it is not told the language. Of several configurations that its users might choose, the
 * best one for each language counts.
 */
export interface RelevanceRival {
  readonly name: string;
  readonly configurations: readonly string[];
  /**
   * Indexes quotes; their numbers are those of the hits.
   * @param withLang whether it may know the languages of the quotes
   */
  build(quotes: readonly RealQuote[], withLang: boolean): Promise<void>;
  /** @returns by query, the numbers of the quotes found, the best first */
  search(queries: readonly string[], configuration: string): Promise<number[][]>;
  close(): Promise<void>;
}
