import { z } from 'zod';
import { languageSchema } from '#libs/schema/language.schema.ts';
import { limitSchema, queryIntegerSchema } from '#libs/schema/page.schema.ts';
import { idSchema, textSchema } from '#libs/schema/text.schema.ts';
import { QUOTE_ID, quoteIdSchema } from './quote.schema.ts';

/** The most quotes of one sample. */
export const MAX_SAMPLE = 50;

const once = 'must be given once';

/** Query parameters that select quotes; those that are given are joined by AND. */
export const selectionFilters = {
  user_id: idSchema.optional().describe('only the quotes that this user signed'),
  author: textSchema(100)
    .optional()
    .describe('only the quotes that this author said; case and accents do not count'),
  tag: textSchema(32)
    .optional()
    .describe('only the quotes with this tag; case and accents do not count'),
  // A page that tries calls out fills examples in, and no filter may be on unless it is wanted.
  lang: languageSchema
    .optional()
    .describe('only the quotes in this language, as a code of ISO 639')
    .meta({ example: undefined }),
};

/** Query parameters that select quotes by the characters (Unicode code points) of their texts. */
export const lengthFilters = {
  min_length: queryIntegerSchema(1, 2000, 1).describe('the fewest characters of the text'),
  max_length: queryIntegerSchema(1, 2000, 2000).describe('the most characters of the text'),
};

/** Query of `GET /selection`: a page, newest first. `cursor` is the last id of the page before. */
export const selectionPageQuerySchema = z.strictObject({
  ...selectionFilters,
  limit: limitSchema,
  cursor: z.string(once).regex(QUOTE_ID, 'must be the `next` of a page').optional(),
});

/** Query of `GET /selection/sample`: `n` different quotes, each as likely as any other. */
export const selectionSampleQuerySchema = z.strictObject({
  ...selectionFilters,
  ...lengthFilters,
  n: queryIntegerSchema(1, MAX_SAMPLE, 1),
});

/**
 * Query of `GET /selection/today`: the quote of a day. Of the quotes with ids below `before` (those
 * from before that day) it is the same one all day, drawn by `day`, unless one of them is changed
 * or deleted; if there are none, it is the first quote.
 */
export const selectionTodayQuerySchema = z.strictObject({
  tag: selectionFilters.tag,
  lang: selectionFilters.lang,
  day: z.string(once).pipe(z.iso.date()),
  before: quoteIdSchema,
});

/** Answer of these calls: which quotes, in order, of how many that match. */
export const selectionSchema = z.object({
  ids: z.array(quoteIdSchema),
  total: z.int().min(0),
  next: quoteIdSchema.nullable(),
});

export type SelectionPageQuery = z.output<typeof selectionPageQuerySchema>;
export type SelectionSampleQuery = z.output<typeof selectionSampleQuerySchema>;
export type SelectionTodayQuery = z.output<typeof selectionTodayQuerySchema>;
export type Selection = z.output<typeof selectionSchema>;
