import { z } from 'zod';
import { limitSchema, pageSchema } from '#libs/schema/page.schema.ts';
import { prefixSchema, textSchema } from '#libs/schema/text.schema.ts';

const MAX_NAME_CHARACTERS = 100;

/** Query of `GET /authors` and `GET /tags`. */
export const namesQuerySchema = z.strictObject({
  prefix: prefixSchema(MAX_NAME_CHARACTERS)
    .optional()
    .describe(
      'only names that begin with it, blanks included; case, accents and apostrophes do not ' +
        'count, and no name begins with apostrophes alone',
    ),
  limit: limitSchema,
  cursor: textSchema(MAX_NAME_CHARACTERS).optional().describe('`next` of the page before'),
});

/** A name, with how many quotes have it. */
export const nameCountSchema = z
  .object({
    name: z
      .string()
      .describe('as most quotes spell it; case and accents make no other name')
      .meta({ minLength: 1, maxLength: MAX_NAME_CHARACTERS, example: 'Archibald Haddock' }),
    quotes: z.int().min(1).describe('how many quotes have it').meta({ example: 12 }),
  })
  .meta({ id: 'NameCount' });

/** A page of the authors or tags of all quotes, by their names without case and accents. */
export const nameListSchema = pageSchema(nameCountSchema, 'NameList', 'names');

export type NamesQuery = z.output<typeof namesQuerySchema>;
