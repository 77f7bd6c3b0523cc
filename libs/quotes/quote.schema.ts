import { z } from 'zod';
import { limitSchema, pageSchema } from '#libs/schema/page.schema.ts';
import { idSchema, textSchema } from '#libs/schema/text.schema.ts';

/** Decimal snowflake, see the quotes repository. */
export const QUOTE_ID = /^[1-9]\d{0,15}$/;

/** Path parameter of a quote. */
export const quoteIdSchema = z
  .string('must be given once')
  .regex(QUOTE_ID, 'must be 1 to 16 decimal digits')
  .meta({ example: '1763740800000000' });

const quoteText = textSchema(2000).meta({ example: 'Tonnerre de Brest !' });

/** Body of `POST /quotes`. */
export const newQuoteSchema = z
  .strictObject({
    quote: quoteText,
    user_id: idSchema.nullish().describe('who signs the quote').meta({ example: 'tintin' }),
  })
  .meta({ id: 'NewQuote' });

/** A quote as services answer with it. */
export const quoteSchema = z
  .object({
    id: quoteIdSchema,
    quote: z.string().meta({ minLength: 1, maxLength: 2000, example: 'Tonnerre de Brest !' }),
    user_id: z.string().nullable().describe('who signed it').meta({ example: 'tintin' }),
    created_at: z.iso.datetime().meta({ example: '2026-11-21T16:00:00.000Z' }),
  })
  .meta({ id: 'Quote' });

/** Query of `GET /quotes`. */
export const quoteListQuerySchema = z.strictObject({
  limit: limitSchema,
  cursor: z
    .string('must be given once')
    .regex(QUOTE_ID, 'must be the `next` of a page')
    .optional()
    .describe('`next` of the page before'),
  user_id: idSchema.optional().describe('only the quotes of this author'),
});

/** A page of quotes. */
export const quoteListSchema = pageSchema(quoteSchema, 'QuoteList', 'quotes');

export type NewQuoteBody = z.output<typeof newQuoteSchema>;
export type QuoteListQuery = z.output<typeof quoteListQuerySchema>;
