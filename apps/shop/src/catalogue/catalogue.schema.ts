import { z } from 'zod';
import { textSchema } from '#libs/schema/text.schema.ts';

/** Query of the catalogue: words to search for, and where the page before ended. */
export const catalogueQuerySchema = z.strictObject({
  q: z
    .literal('')
    .transform(() => undefined)
    .or(textSchema(200))
    .optional(),
  after: z
    .string('must be given once')
    .regex(/^\d{1,16}$/, 'must be the end of a page')
    .optional(),
});

export type CatalogueQuery = z.output<typeof catalogueQuerySchema>;
