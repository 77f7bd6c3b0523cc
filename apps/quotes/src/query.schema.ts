import { z } from 'zod';
import { QUOTE_ID_PATTERN, quoteIdSchema, quoteSchema } from '#libs/quotes/quote.schema.ts';
import {
  lengthFilters,
  type SelectionPageQuery,
  type SelectionSampleQuery,
  selectionFilters,
  selectionPageQuerySchema,
  selectionSampleQuerySchema,
} from '#libs/quotes/selection.schema.ts';
import { isTimeZone } from './local.day.ts';

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
      'parameter but `limit`, which then has no effect',
    ].join(' '),
  );

const { limit, cursor } = selectionPageQuerySchema.shape;

const listParameters = {
  ids: idsSchema,
  limit,
  cursor: cursor.describe('`next` of the page before'),
  ...selectionFilters,
};

/** Query of `GET /quotes`: a page of the list, or `ids` alone. */
export const quoteListQuerySchema = z.preprocess((query, context) => {
  const given = Object.keys(query ?? {});
  if (!given.includes('ids')) return query;
  for (const name of given) {
    // Generated clients send the default of `limit` with every call.
    if (name === 'ids' || name === 'limit' || !Object.hasOwn(listParameters, name)) continue;
    const message = 'must not be given together with ids';
    context.addIssue({ code: 'custom', path: [name], message });
  }
  return query;
}, z.strictObject(listParameters));

const { author, tag, lang } = selectionFilters;
const randomParameters = { author, tag, lang, ...lengthFilters };

/** Refuses a range of lengths in which no text can lie. */
function withRange<T extends z.ZodType<{ min_length: number; max_length: number }>>(schema: T) {
  return schema.refine(({ min_length, max_length }) => min_length <= max_length, {
    path: ['min_length'],
    error: 'must not be above max_length',
  });
}

/** Query of `GET /quotes/random`. */
export const randomQuerySchema = withRange(z.strictObject(randomParameters));

/** Query of `GET /quotes/sample`. */
export const sampleQuerySchema = withRange(
  z.strictObject({
    n: selectionSampleQuerySchema.shape.n.describe('how many quotes; fewer when fewer match'),
    ...randomParameters,
  }),
);

/** Answer of `GET /quotes/sample`. */
export const sampleSchema = z.object({ items: z.array(quoteSchema) }).meta({ id: 'QuoteSample' });

/** Query of `GET /quotes/today`. */
export const todayQuerySchema = z.strictObject({
  lang,
  tag,
  tz: z
    .string('must be given once')
    .refine(isTimeZone, {
      error: ({ input }) =>
        `${JSON.stringify(input)} is no time zone of IANA, such as Europe/Paris`,
    })
    .default('UTC')
    .describe('time zone of IANA in which the day begins and ends')
    .meta({ example: 'Europe/Paris' }),
});

/**
 * Whether the parameters of a read leave out any quote for more than who signed it: only the search
 * service knows which quotes match. All texts have 1 to 2000 characters.
 */
export function isSelective({
  author,
  tag,
  lang,
  min_length = 1,
  max_length = 2000,
}: Partial<SelectionPageQuery & SelectionSampleQuery>): boolean {
  const named = author !== undefined || tag !== undefined || lang !== undefined;
  return named || min_length > 1 || max_length < 2000;
}

export type QuoteListQuery = z.output<typeof quoteListQuerySchema>;
export type RandomQuery = z.output<typeof randomQuerySchema>;
export type SampleQuery = z.output<typeof sampleQuerySchema>;
export type TodayQuery = z.output<typeof todayQuerySchema>;
