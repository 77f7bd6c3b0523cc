import { shardTag } from '#libs/quotes/quote.keys.ts';

/** The search index as a replica has saved it, in the slot of the first shard. */
export const SNAPSHOT_KEYS = {
  /** List: a manifest (JSON), then the chunks of the index. */
  snapshot: `${shardTag(0)}:snapshot`,
  /** The same, while it is being written; append a token. */
  next: `${shardTag(0)}:snapshot:next:`,
  /** The snapshot that was replaced, until its memory is freed; append a token. */
  old: `${shardTag(0)}:snapshot:old:`,
  /** String: the token of the snapshot that was begun last, for a minute. */
  lock: `${shardTag(0)}:snapshot:lock`,
} as const;
