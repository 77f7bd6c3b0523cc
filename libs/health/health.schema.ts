import { z } from 'zod';

/** Answer of `/healthz`. */
export const healthSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });

/** Answer of `/readyz` when all is well. */
export const readinessSchema = z
  .object({
    status: z.enum(['ok', 'degraded']).describe('`degraded`: it serves reads, and refuses writes'),
    reason: z.string().optional().describe('why it is degraded'),
    details: z.record(
      z.string(),
      z.object({ status: z.literal('up') }).meta({ id: 'ReadinessDetail' }),
    ),
  })
  .loose()
  .meta({ id: 'Readiness' });

/** Answer of `/version`. */
export const versionSchema = z
  .object({
    version: z.string().meta({ example: '1.0.0' }),
    commit: z.string().meta({ example: '0123abc' }),
  })
  .meta({ id: 'Version' });
