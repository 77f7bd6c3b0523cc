import { Counter } from 'prom-client';
import { ORDER_STATES } from './orders/order.schema.ts';

/** Orders that have reached a state, `created` when they were placed. */
export const orderCount = counter(
  'shop_orders_total',
  'Orders that have come to a state',
  'state',
  ORDER_STATES,
);

/** Payment pages that the provider opened or failed to open. */
export const paymentPageCount = counter(
  'shop_payment_pages_total',
  'Payment pages asked of the payment provider, by whether it opened them',
  'outcome',
  ['opened', 'failed'],
);

/**
 * Events of the provider about orders, by what became of them; `unsigned` are those that no
 * signature proves to be the provider's.
 */
export const paymentEventCount = counter(
  'shop_payment_events_total',
  'Events about payments, by what became of them',
  'outcome',
  ['advanced', 'unchanged', 'repeated', 'unknown', 'refused', 'unsigned'],
);

/**
 * Reads of catalogue pages and products: from the quotes service or, while that is away, from the
 * products that the shop remembers. Since pages are kept for a while, fewer are read than shown.
 */
export const catalogueReadCount = counter(
  'shop_catalogue_reads_total',
  'Catalogue pages and products read, by where from',
  'source',
  ['service', 'memory'],
);

/**
 * A counter whose series all exist from the start, so that the first event of a kind is a change
 * that Prometheus sees.
 */
function counter<V extends string>(
  name: string,
  help: string,
  label: string,
  values: readonly V[],
) {
  const made = new Counter({ name, help, labelNames: [label] });
  for (const value of values) made.inc({ [label]: value }, 0);
  return { add: (value: V) => made.inc({ [label]: value }) };
}
