/**
 * The hash tag of a shard. Quotes live in `shards` logical shards. The keys of a shard share a tag,
 * and so a slot of a Redis Cluster, because one quote and all its index entries change in one
 * atomic step.
 */
export const shardTag = (shard: number | '*') => `{q${shard}}`;

/** The keys of one shard of quotes. */
export interface ShardKeys {
  /** String: the JSON of a quote, see quote.document.ts; append the id. */
  readonly quote: string;
  /** Sorted set of all quote ids, scored by id: commit order. */
  readonly quotes: string;
  /** Sorted set of the ids of the quotes that a user signed, scored by id; append the user id. */
  readonly byUser: string;
  /** Hash: user id that may sign a quote -> incarnation of that user. */
  readonly authors: string;
  /** String: the newest id given out. */
  readonly clock: string;
  /** Stream of changes for the search replicas: `u id` (added or changed) or `d id` (deleted). */
  readonly log: string;
  /** Hash: digest of the text of an imported or changed quote -> its id; for repeated imports. */
  readonly imported: string;
}

/** The keys of shard number `shard`, or patterns of those of every shard. */
export function shardKeys(shard: number | '*'): ShardKeys {
  const prefix = shardTag(shard);
  return {
    quote: `${prefix}:quote:`,
    quotes: `${prefix}:quotes`,
    byUser: `${prefix}:by:`,
    authors: `${prefix}:authors`,
    clock: `${prefix}:clock`,
    log: `${prefix}:log`,
    imported: `${prefix}:imported`,
  };
}
