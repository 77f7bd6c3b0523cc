/**
 * Every key of the platform. Quotes live in `shards` logical shards; the keys of a shard share a hash tag, and so a slot of
 * a Redis Cluster, because one quote and all its index entries change in one atomic step.
 */

const tag = (shard: number | '*') => `{q${shard}}`;

/** The keys of one shard of quotes. */
export interface ShardKeys {
  /** String: the JSON representation of a quote, ready to be sent; append the id. */
  readonly quote: string;
  /** Sorted set of all quote ids, scored by id: commit order. */
  readonly quotes: string;
  /** Sorted set of one author's quote ids, scored by id; append the user id. */
  readonly byUser: string;
  /** Hash: user id that may sign a quote -> incarnation of that user. */
  readonly authors: string;
  /** String: the newest id given out. */
  readonly clock: string;
  /** Stream of changes for the search replicas: `u id` (added or changed) or `d id` (deleted). */
  readonly log: string;
  /** Hash: digest of an imported quote -> its id; makes imports idempotent. */
  readonly imported: string;
}

/** The keys of shard number `shard`, or patterns of those of every shard. */
export function shardKeys(shard: number | '*'): ShardKeys {
  const prefix = tag(shard);
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

/** The search index as a replica has saved it, in the slot of the first shard. */
export const SNAPSHOT_KEYS = {
  /** List: a manifest (JSON), then the chunks of the index. */
  snapshot: `${tag(0)}:snapshot`,
  /** The same, while it is being written; append a token. */
  next: `${tag(0)}:snapshot:next:`,
  /** The one that was replaced, on its way out; append a token. */
  old: `${tag(0)}:snapshot:old:`,
  /** String: who is writing a snapshot, or wrote one a moment ago. */
  lock: `${tag(0)}:snapshot:lock`,
} as const;

/** The keys of the users, all in one slot. */
export const USER_KEYS = {
  /** Hash of one user: `name`, `password` (a PHC string), `incarnation`; append the id. */
  user: '{users}:user:',
  /** Sorted set of all user ids, every score 0: alphabetical order. */
  users: '{users}:ids',
  /** Hash: deleted user whose quotes are still being unsigned -> incarnation of that user. */
  leaving: '{users}:leaving',
} as const;

/** The keys of logins, all in one slot: a failed login counts in three of them at once. */
export const LOGIN_KEYS = {
  /** String: number of failed logins; append `account:id`, `network:network` or `pair:id@network`. */
  failures: '{logins}:failures:',
  /** Sorted set of the networks from which a user has logged in, scored by the time in milliseconds; append the id. */
  proven: '{logins}:proven:',
} as const;

/** The keys of the shop, all in one slot: an order, its history and what leads to it change in one atomic step. */
export const SHOP_KEYS = {
  /** Hash of one order: `order` (JSON, never changed), `state`, `payment` (JSON of its checkout session), `client` while it is open; append the id. */
  order: '{shop}:order:',
  /** List: the history of an order, oldest first, only ever appended to; append the id. */
  history: '{shop}:history:',
  /** String: a text that is ordered, once for all orders of it; append its digest. */
  text: '{shop}:text:',
  /** Sorted set of the ids of unpaid orders, scored by when they end in milliseconds. */
  open: '{shop}:open',
  /** The same of one cart or client, as long as they can be paid for; append `cart:id` or `client:address`. */
  openOf: '{shop}:open:',
  /** Set: ids of the payment events that an order has seen; append the id. */
  events: '{shop}:events:',
  /** Sorted set of all order ids, scored by the time of creation in microseconds. */
  orders: '{shop}:orders',
  /** String: the buyer's token -> order id; append the token. */
  token: '{shop}:token:',
  /** String: cart id -> id of the newest order made of it, for as long as it may be reused; append the cart id. */
  cart: '{shop}:cart:',
  /** Hash: id of a quote on sale -> its JSON, as last seen. */
  product: '{shop}:product',
  /** Sorted set of the ids of quotes on sale, scored by when they were last seen. */
  products: '{shop}:products',
} as const;

/** List of the times of a client's admitted requests; append the client address. */
export const THROTTLE_KEY = 'throttle:';
