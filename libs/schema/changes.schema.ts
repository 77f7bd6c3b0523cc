import { z } from 'zod';

/**
 * The body of a change: an object of which each field may be left out, but not all of them.
 * @param fields optional ones
 * @param id of the schema in the documents
 */
export function changesSchema<T extends z.ZodRawShape>(fields: T, id: string) {
  return z
    .strictObject(fields)
    .refine((changes) => Object.keys(changes).length > 0, {
      error: 'must have at least one field to change',
      // A body of unknown fields is refused for these alone.
      when: ({ issues }) => issues.length === 0,
    })
    .meta({ id, minProperties: 1 });
}
