/**
 * The keys of orders, all in one slot: an order, its history and the entries that lead to it change
 * in one atomic step.
 */
export const ORDER_KEYS = {
  /**
   * Hash of one order: `order` (JSON, never changed), `state`, `payment` (JSON of its checkout
   * session), `client` while it is open; once it was disputed also `disputes` (JSON: id of each
   * dispute -> [seconds since 1970 of its latest event, what that said]) and `undisputed`, the
   * state that the payment led to; append the id.
   */
  order: '{shop}:order:',
  /** List: the history of an order, oldest first, only ever appended to; append the id. */
  history: '{shop}:history:',
  /**
   * String: the text of a quote that was ordered, shared by all orders of it; append its digest.
   */
  text: '{shop}:text:',
  /** Sorted set of the ids of unpaid orders, scored by when they end in milliseconds. */
  open: '{shop}:open',
  /**
   * The same of one cart or client, while its orders can be paid; append `cart:id` or
   * `client:address`.
   */
  openOf: '{shop}:open:',
  /** Set: ids of the payment events that an order has seen; append the id. */
  events: '{shop}:events:',
  /** Sorted set of all order ids, scored by the time of creation in microseconds. */
  orders: '{shop}:orders',
  /** String: the buyer's token -> order id; append the token. */
  token: '{shop}:token:',
  /**
   * String: cart id -> id of the newest order made of it, for as long as it may be reused; append
   * the cart id.
   */
  cart: '{shop}:cart:',
} as const;
