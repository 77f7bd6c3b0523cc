import { z } from 'zod';

/** A whole number in a query string, given at most once. */
export function queryIntegerSchema(min: number, max: number, fallback: number) {
  return z
    .unknown()
    .optional()
    .transform((value, context) => {
      if (value === undefined) return fallback;
      const number =
        typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      context.addIssue({
        code: 'custom',
        message: `must be one whole number from ${min} to ${max}`,
      });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum: min, maximum: max, default: fallback });
}

/**
 * A page of a list.
 * @param id of the schema in the documents
 * @param what the items are called
 */
export function pageSchema<T extends z.ZodType>(item: T, id: string, what: string) {
  return z
    .object({
      items: z.array(item),
      total: z.int().min(0).describe(`how many ${what} there are in all`),
      next: z.string().nullable().describe('`cursor` of the next page, or null on the last'),
    })
    .meta({ id });
}

/** How many items a page holds. */
export const limitSchema = queryIntegerSchema(1, 100, 20).describe('how many items to answer with');
