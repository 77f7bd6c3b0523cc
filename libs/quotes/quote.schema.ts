import { z } from 'zod';
import { changesSchema } from '#libs/schema/changes.schema.ts';
import { languageSchema } from '#libs/schema/language.schema.ts';
import { pageSchema } from '#libs/schema/page.schema.ts';
import { idSchema, textSchema } from '#libs/schema/text.schema.ts';

/** Of one id, for patterns that hold it. */
export const QUOTE_ID_PATTERN = '[1-9]\\d{0,15}';

/** Decimal snowflake, see the quotes repository. */
export const QUOTE_ID = new RegExp(`^${QUOTE_ID_PATTERN}$`);

/** Path parameter of a quote. */
export const quoteIdSchema = z
  .string('must be given once')
  .regex(QUOTE_ID, 'must be 1 to 16 decimal digits')
  .describe('id of the quote')
  .meta({ example: '1763740800000000' });

const quoteText = textSchema(2000).meta({ example: 'Tonnerre de Brest !' });

/** How many tags a quote may have, and how many characters each. */
export const MAX_TAGS = 10;
export const MAX_TAG_CHARACTERS = 32;

const tags = z
  .array(
    textSchema(MAX_TAG_CHARACTERS, (text) => text.toLowerCase()).meta({ example: 'courage' }),
    'must be a list of tags',
  )
  .max(MAX_TAGS, `must be at most ${MAX_TAGS} tags`)
  .nullable();
const TAGS_MEANING = 'words to find it by; they are kept in lower case';
const distinct = (given: readonly string[] | null | undefined): string[] => [...new Set(given)];

const author = textSchema(100)
  .nullable()
  .describe('who said it')
  .meta({ example: 'Archibald Haddock' });
const source = textSchema(200)
  .nullable()
  .describe('the work that it is from')
  .meta({ example: 'Le Crabe aux pinces d’or' });
const lang = languageSchema
  .nullable()
  .describe('its language, as a code of ISO 639: of two letters where there is one');
const signer = idSchema
  .nullish()
  .describe('the user of this platform who signs the quote')
  .meta({ example: 'tintin' });

/** Body of `POST /quotes`. */
export const newQuoteSchema = z
  .strictObject({
    quote: quoteText,
    author: author.default(null),
    source: source.default(null),
    lang: lang.default(null),
    tags: tags.optional().transform(distinct).describe(TAGS_MEANING),
    user_id: signer,
  })
  .meta({ id: 'QuoteInput' });

/** Body of `PATCH /quotes/{id}`: a field that is left out stays, and null clears. */
export const quoteChangesSchema = changesSchema(
  {
    quote: quoteText.optional(),
    author: author.optional(),
    source: source.optional(),
    lang: lang.optional(),
    tags: tags.transform(distinct).optional().describe(TAGS_MEANING),
    user_id: signer,
  },
  'QuoteChanges',
);

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
      .array(z.string().meta({ minLength: 1, maxLength: MAX_TAG_CHARACTERS, example: 'courage' }))
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

/** A page of quotes. */
export const quoteListSchema = pageSchema(quoteSchema, 'QuoteList', 'quotes');

/** Query of `GET /quotes/export`. */
export const quoteExportQuerySchema = z.strictObject({
  after: z
    .string('must be given once')
    .regex(QUOTE_ID, 'must be the id of a quote')
    .optional()
    .describe('only the quotes behind this id: the last that came of an export that was cut off'),
});

export type QuoteExportQuery = z.output<typeof quoteExportQuerySchema>;
export type NewQuoteBody = z.output<typeof newQuoteSchema>;
export type QuoteChangesBody = z.output<typeof quoteChangesSchema>;
