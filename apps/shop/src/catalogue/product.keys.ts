/**
 * The keys of the quotes on sale, in one slot: the hash and the sorted set change in one atomic
 * step.
 */
export const PRODUCT_KEYS = {
  /** Hash: id of a quote on sale -> its JSON, as last seen. */
  product: '{shop}:product',
  /** Sorted set of the ids of quotes on sale, scored by when they were last seen. */
  products: '{shop}:products',
} as const;
