import { z } from 'zod';

/** The error document of RFC 9457 as every service sends it. */
export const problemSchema = z
  .object({
    type: z.string().describe('stable URN of the problem, see docs/errors.md'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    instance: z.string().describe('id of the request'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }).meta({ id: 'FieldError' }))
      .optional()
      .describe('the fields that are wrong'),
  })
  .loose()
  .meta({ id: 'Problem' });
