import { z } from 'zod';

/** A whole number in a query string, given at most once. */
export function queryIntegerSchema(min: number, max: number, fallback: number) {
  return z
    .unknown()
    .optional()
    .transform((value, context) => {
      if (value === undefined) return fallback;
      const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', message: `must be one whole number from ${min} to ${max}` });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum: min, maximum: max, default: fallback });
}

/** How many items a page holds. */
export const limitSchema = queryIntegerSchema(1, 100, 20).describe('how many items to answer with');
