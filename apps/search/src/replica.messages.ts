import type { NamesRequest, Suggestions, SuggestRequest } from './engine/inverted.engine.ts';
import type { NamePage } from './engine/name.table.ts';
import type { SelectionRequest, SelectionResult } from './engine/quote.selection.ts';
import type { SearchRequest, SearchResult } from './engine/search.engine.ts';
import type { LogPosition } from './snapshot.store.ts';

/** What the index is asked, by kind. */
export interface Requests {
  search: SearchRequest;
  select: SelectionRequest;
  names: NamesRequest;
  suggest: SuggestRequest;
}

/** What it answers. */
export interface Results {
  search: SearchResult;
  select: SelectionResult;
  names: NamePage;
  suggest: Suggestions;
}

/** A question to the index. */
export type Question = { [K in keyof Requests]: { of: K; request: Requests[K] } }[keyof Requests];

/** A message to the index worker: a question, with the number that its answer will have. */
export interface ToWorker {
  number: number;
  question: Question;
}

/** A message from the index worker. */
export type FromWorker =
  | { kind: 'answer'; number: number; result: Results[keyof Results]; seconds: number }
  | { kind: 'status'; status: IndexStatus };

/** The state of the index. */
export interface IndexStatus {
  /** Whether it has caught up with Redis since the start. */
  ready: boolean;
  documents: number;
  terms: number;
  bytes: number;
  /** Where it stands in the log of each shard; undefined where it has not begun yet. */
  positions: (LogPosition | undefined)[];
  resyncs: number;
  /**
   * When the newest snapshot was written, in milliseconds since the epoch; undefined when there is
   * none.
   */
  snapshotAt: number | undefined;
}
