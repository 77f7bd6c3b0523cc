import type { SearchRequest, SearchResult } from './engine/search.engine.ts';
import type { LogPosition } from './snapshot.store.ts';

/** A message to the index worker. */
export type ToWorker =
  | { kind: 'search'; number: number; request: SearchRequest }
  /** Redis does not have this quote any more. */
  | { kind: 'delete'; id: number };

/** A message from the index worker. */
export type FromWorker =
  | { kind: 'found'; number: number; result: SearchResult; seconds: number }
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
