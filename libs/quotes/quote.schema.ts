import { z } from 'zod';
import { languageSchema } from '#libs/schema/language.schema.ts';
import { limitSchema, pageSchema } from '#libs/schema/page.schema.ts';
import { idSchema, textSchema } from '#libs/schema/text.schema.ts';

const QUOTE_ID_PATTERN = '[1-9]\\d{0,15}';

/** Decimal snowflake, see the quotes repository. */
export const QUOTE_ID = new RegExp(`^${QUOTE_ID_PATTERN}$`);

/** Path parameter of a quote. */
export const quoteIdSchema = z
  .string('must be given once')
  .regex(QUOTE_ID, 'must be 1 to 16 decimal digits')
  .describe('id of the quote')
  .meta({ example: '1763740800000000' });

const quoteText = textSchema(2000).meta({ example: 'Tonnerre de Brest !' });

const MAX_TAGS = 10;

const tagsSchema = z
  .array(
    textSchema(32, (text) => text.toLowerCase()).meta({ example: 'courage' }),
    'must be a list of tags',
  )
  .max(MAX_TAGS, `must be at most ${MAX_TAGS} tags`)
  .nullish()
  .transform((tags) => [...new Set(tags)])
  .describe('words to find it by; they are kept in lower case');

/** Body of `POST /quotes`. */
export const newQuoteSchema = z
  .strictObject({
    quote: quoteText,
    author: textSchema(100)
      .nullable()
      .default(null)
      .describe('who said it')
      .meta({ example: 'Archibald Haddock' }),
    source: textSchema(200)
      .nullable()
      .default(null)
      .describe('the work that it is from')
      .meta({ example: 'Le Crabe aux pinces d’or' }),
    lang: languageSchema
      .nullable()
      .default(null)
      .describe('its language, as a code of ISO 639: of two letters where there is one'),
    tags: tagsSchema,
    user_id: idSchema
      .nullish()
      .describe(
        'the user of this platform who signs the quote; without it, the user whose credentials ' +
          'the request bears',
      )
      .meta({ example: 'tintin' }),
  })
  .meta({ id: 'QuoteInput' });

/** A quote as services answer with it. */
export const quoteSchema = z
  .object({
    id: quoteIdSchema,
    quote: z.string().meta({ minLength: 1, maxLength: 2000, example: 'Tonnerre de Brest !' }),
    author: z
      .string()
      .nullable()
      .describe('who said it')
      .meta({ minLength: 1, maxLength: 100, example: 'Archibald Haddock' }),
    source: z
      .string()
      .nullable()
      .describe('the work that it is from')
      .meta({ minLength: 1, maxLength: 200, example: 'Le Crabe aux pinces d’or' }),
    lang: z
      .string()
      .nullable()
      .describe('its language, as a code of ISO 639')
      .meta({ minLength: 2, maxLength: 3, example: 'fr' }),
    tags: z
      .array(z.string().meta({ minLength: 1, maxLength: 32, example: 'courage' }))
      .max(MAX_TAGS)
      .describe('in lower case, each once'),
    user_id: z
      .string()
      .nullable()
      .describe('the user of this platform who signed it')
      .meta({ example: 'tintin' }),
    created_at: z.iso.datetime().meta({ example: '2026-11-21T16:00:00.000Z' }),
    updated_at: z.iso
      .datetime()
      .describe('when it was last changed; when it was created, if it never was')
      .meta({ example: '2026-11-21T16:00:00.000Z' }),
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
  // Clients in Go send what has a default in the document, and `ids` goes with no other parameter.
  limit: limitSchema.describe('how many items to answer with, by default 20').meta({
    default: undefined,
  }),
  cursor: z
    .string('must be given once')
    .regex(QUOTE_ID, 'must be the `next` of a page')
    .optional()
    .describe('`next` of the page before'),
  user_id: idSchema.optional().describe('only the quotes that this user signed'),
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
