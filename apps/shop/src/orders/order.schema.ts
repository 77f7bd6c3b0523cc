import { z } from 'zod';
import { quoteIdSchema, quoteSchema } from '#libs/quotes/quote.schema.ts';
import { limitSchema, pageSchema } from '#libs/schema/page.schema.ts';

/**
 * States of an order that its payment leads to, each overriding those before it: whatever the order
 * in which events arrive, the last of them in this list wins.
 */
export const PAYMENT_STATES = ['created', 'failed', 'expired', 'paid', 'refunded'] as const;

/**
 * All states of an order. While a dispute is open an order is disputed, whatever its payment came
 * to; after one that was lost its money is gone; one that was won changes nothing.
 */
export const ORDER_STATES = [...PAYMENT_STATES, 'disputed', 'dispute_lost'] as const;

/** What a quote can be printed on. */
export const PRINTS = ['poster', 'mug', 'card'] as const;

/** The number of an order. Knowing it grants no access. */
export const orderIdSchema = z
  .string()
  .regex(/^PR-[A-Z2-7]{10}$/, 'must be an order number such as PR-ABCDE23456')
  .describe('number of the order')
  .meta({ example: 'PR-ABCDE23456' });

const amount = z.int().min(0).describe('in cents').meta({ example: 2400 });

/** A print and how many of it are ordered. */
export const orderLineSchema = z
  .object({
    quote_id: quoteIdSchema,
    quote: z.string().describe('as it was when ordered'),
    author: quoteSchema.shape.author,
    source: quoteSchema.shape.source,
    print: z.enum(PRINTS),
    quantity: z.int().min(1),
    unit_price: amount,
  })
  .meta({ id: 'OrderLine' });

/** An order as the admin sees it. */
export const orderSchema = z
  .object({
    id: orderIdSchema,
    state: z.enum(ORDER_STATES),
    created_at: z.iso.datetime(),
    email: z.string().meta({ format: 'email' }),
    currency: z.literal('eur'),
    total: amount,
    lines: z.array(orderLineSchema),
  })
  .meta({ id: 'Order' });

/** One accepted change of an order. */
export const historyEntrySchema = z
  .object({
    state: z.enum(ORDER_STATES),
    at: z.iso.datetime(),
    event: z.string().describe('id of the payment event, or who did it'),
  })
  .meta({ id: 'OrderHistoryEntry' });

/** An order with its history, oldest first. */
export const orderWithHistorySchema = orderSchema
  .extend({ history: z.array(historyEntrySchema) })
  .meta({ id: 'OrderWithHistory' });

/** Query of `GET /orders`. */
export const orderListQuerySchema = z.strictObject({
  limit: limitSchema,
  cursor: z
    .string('must be given once')
    .regex(/^[1-9]\d{0,15}$/, 'must be the `next` of a page')
    .optional()
    .describe('`next` of the page before'),
});

/** A page of orders, newest first. */
export const orderListSchema = pageSchema(orderSchema, 'OrderList', 'orders');

export type PaymentState = (typeof PAYMENT_STATES)[number];
export type OrderState = (typeof ORDER_STATES)[number];
export type Print = (typeof PRINTS)[number];
export type OrderLine = z.output<typeof orderLineSchema>;
export type Order = z.output<typeof orderSchema>;
export type HistoryEntry = z.output<typeof historyEntrySchema>;
export type OrderListQuery = z.output<typeof orderListQuerySchema>;
