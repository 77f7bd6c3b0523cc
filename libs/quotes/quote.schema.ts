import { z } from 'zod';
import { limitSchema, pageSchema } from '#libs/schema/page.schema.ts';
import { idSchema, textSchema } from '#libs/schema/text.schema.ts';

const QUOTE_ID_PATTERN = '[1-9]\\d{0,15}';

/** Decimal snowflake, see the quotes repository. */
export const QUOTE_ID = new RegExp(`^${QUOTE_ID_PATTERN}$`);

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

const MAX_IDS = 100;

const idsSchema = z
  .string('must be given once')
  .meta({
    pattern: `^${QUOTE_ID_PATTERN}(,${QUOTE_ID_PATTERN}){0,${MAX_IDS - 1}}$`,
  })
  .transform((text) => text.split(','))
  .pipe(z.array(quoteIdSchema).max(MAX_IDS, `must be at most ${MAX_IDS} ids`))
  .transform((ids) => [...new Set(ids)])
  .optional()
  .describe(
    [
      `only these quotes, up to ${MAX_IDS}, with commas between their ids;`,
      'they come in this order, without those that are not there, and an id given twice counts',
      'once. `total` is how many of them there are, and `next` is null. It goes with no other',
      'parameter',
    ].join(' '),
  );

const listParameters = {
  ids: idsSchema,
  limit: limitSchema,
  cursor: z
    .string('must be given once')
    .regex(QUOTE_ID, 'must be the `next` of a page')
    .optional()
    .describe('`next` of the page before'),
  user_id: idSchema.optional().describe('only the quotes of this author'),
};

/** Query of `GET /quotes`: a page of the list, or `ids` alone. */
export const quoteListQuerySchema = z.preprocess((query, context) => {
  const given = Object.keys(query ?? {});
  if (!given.includes('ids')) return query;
  for (const name of given) {
    if (name === 'ids' || !Object.hasOwn(listParameters, name)) continue;
    const message = 'must not be given together with ids';
    context.addIssue({ code: 'custom', path: [name], message });
  }
  return query;
}, z.strictObject(listParameters));

/** A page of quotes. */
export const quoteListSchema = pageSchema(quoteSchema, 'QuoteList', 'quotes');

export type NewQuoteBody = z.output<typeof newQuoteSchema>;
export type QuoteListQuery = z.output<typeof quoteListQuerySchema>;
