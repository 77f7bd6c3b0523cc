import { z } from 'zod';
import { limitSchema, queryIntegerSchema } from '#libs/schema/page.schema.ts';
import { codePoints } from '#libs/schema/text.schema.ts';
import { nameCountSchema } from './names.schema.ts';
import { quoteSchema } from './quote.schema.ts';
import { MAX_EXCLUSIONS, MAX_FACET_NAMES, MAX_PHRASES, MAX_WORDS } from './search.limits.ts';
import { selectionFilters } from './selection.schema.ts';

const MAX_KEYWORD_CHARACTERS = 1000;

export const MAX_OFFSET = 10_000;

/** What the quotes found can be counted by. */
const FACETS = ['author', 'tag', 'lang'] as const;

const facetsSchema = z
  .string('must be given once')
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(FACETS, `must be of ${FACETS.join(', ')}, with commas between them`)))
  .transform((kinds) => [...new Set(kinds)])
  .optional()
  .describe('what to count all quotes found by: `author`, `tag`, `lang`, with commas between them')
  .meta({
    type: 'string',
    pattern: `^(${FACETS.join('|')})(,(${FACETS.join('|')}))*$`,
    example: undefined,
  });

/** Query of `GET /search`. */
export const searchQuerySchema = z.strictObject({
  keyword: z
    .string('must be given once')
    .refine(
      (text) => text.length > 0 && codePoints(text) <= MAX_KEYWORD_CHARACTERS,
      `must have 1 to ${MAX_KEYWORD_CHARACTERS} characters`,
    )
    .describe(
      `words that must all occur, inflected or not, in the text, the author, the source or the tags, the last one also as a beginning; "a phrase"; -excluded; at most ${MAX_WORDS} different words, ${MAX_PHRASES} phrases and ${MAX_EXCLUSIONS} exclusions`,
    )
    .meta({ minLength: 1, maxLength: MAX_KEYWORD_CHARACTERS, example: 'tonnerre brest' }),
  ...selectionFilters,
  facets: facetsSchema,
  limit: limitSchema,
  offset: queryIntegerSchema(0, MAX_OFFSET, 0).describe('how many of the best to leave out'),
});

/** A quote that a search has found. */
export const searchHitSchema = quoteSchema
  .extend({
    score: z
      .number()
      .min(0)
      .max(1)
      .describe('higher is better; to be compared within one answer only')
      .meta({ example: 0.99 }),
    highlight: z
      .string()
      .describe('the best part of the quote as HTML: what matched in `<mark>`, all else escaped')
      .meta({ example: '<mark>Tonnerre</mark> de <mark>Brest</mark> !' }),
  })
  .meta({ id: 'SearchHit' });

function facetOf(kind: string) {
  return z
    .array(nameCountSchema)
    .max(MAX_FACET_NAMES)
    .optional()
    .describe(
      `how many of all quotes found have which ${kind}; up to ${MAX_FACET_NAMES}, the most frequent first`,
    );
}

/** Answer of `GET /search`. */
export const searchResultSchema = z
  .object({
    items: z.array(searchHitSchema),
    total: z.int().min(0).describe('how many quotes match'),
    corrected: z
      .string()
      .nullable()
      .describe(
        'the keyword as it was probably meant, when it found little as it was written; else null',
      )
      .meta({ example: 'tonnerre brest' }),
    relaxed: z
      .array(z.string())
      .describe('words that were left out, without case and accents, since no quote has them all')
      .meta({ example: [] }),
    facets: z
      .object({
        author: facetOf('author'),
        tag: facetOf('tag'),
        lang: facetOf('language, by its code of ISO 639'),
      })
      .meta({ id: 'Facets' })
      .optional()
      .describe('only if asked for'),
  })
  .meta({ id: 'SearchResult' });

export type SearchQuery = z.output<typeof searchQuerySchema>;
export type SearchAnswer = z.output<typeof searchResultSchema>;
