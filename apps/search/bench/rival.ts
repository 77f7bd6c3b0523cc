/**
 * A search engine beside ours, doing the same work: all words, the last one as a prefix if asked,
 * the best 20 by its own ranking, and the exact total.
 */
export interface Rival {
  readonly name: string;
  /** Indexes folded texts under ids from 1. */
  build(texts: readonly string[]): Promise<void>;
  /** @returns the total */
  search(words: readonly string[], prefix: boolean): Promise<number>;
  close(): Promise<void>;
}
