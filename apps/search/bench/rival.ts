/**
 * What a query asks for, of folded words: all of them; all of them, the last one as a prefix; all
 * of them side by side; or the terms within one edit of the only one.
 */
export type QueryKind = 'words' | 'prefix' | 'phrase' | 'fuzzy';

/** What a rival found, and how long it took. */
export interface RivalAnswer {
  total: number;
  /** Milliseconds, by the ways in which the rival can do it; its fastest way counts. */
  times: number[];
}

/**
 * A search engine beside ours, doing the same work: the best 20 by its own ranking, and the exact
 * total.
 */
export interface Rival {
  readonly name: string;
  /** The kinds of queries that it can answer. */
  readonly kinds: readonly QueryKind[];
  /** Indexes folded texts under ids from 1. */
  build(texts: readonly string[]): Promise<void>;
  search(kind: QueryKind, words: readonly string[]): Promise<RivalAnswer>;
  close(): Promise<void>;
}
