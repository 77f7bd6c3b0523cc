import { z } from 'zod';
import { queryIntegerSchema } from '#libs/schema/page.schema.ts';
import { prefixSchema } from '#libs/schema/text.schema.ts';

/** Query of `GET /search/suggest`. */
export const suggestionQuerySchema = z.strictObject({
  prefix: prefixSchema(100)
    .describe('the beginning of a keyword, as it is typed; case and accents do not matter')
    .meta({ example: 'tonnerre de br' }),
  limit: queryIntegerSchema(1, 20, 10).describe('how many suggestions to answer with'),
});

/** Answer of `GET /search/suggest`. */
export const suggestionListSchema = z
  .object({
    items: z
      .array(
        z
          .object({
            text: z
              .string()
              .describe('what to search for')
              .meta({ minLength: 1, example: 'tonnerre de Brest' }),
            quotes: z
              .int()
              .min(1)
              .describe('how many quotes this author said, or hold all of these words')
              .meta({ example: 12 }),
          })
          .meta({ id: 'Suggestion' }),
      )
      .describe('authors first, then words; each the most frequent first'),
  })
  .meta({ id: 'SuggestionList' });

export type SuggestionQuery = z.output<typeof suggestionQuerySchema>;
export type SuggestionList = z.output<typeof suggestionListSchema>;
