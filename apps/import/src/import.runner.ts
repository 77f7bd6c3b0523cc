import { setTimeout } from 'node:timers/promises';
import type { z } from 'zod';
import { RedisUnavailableError } from '#libs/redis/redis.service.ts';
import type { ImportProgress } from './import.progress.ts';
import { readSource, type Source } from './import.source.ts';
import type { ImportTarget } from './import.target.ts';

/** The next batches wait in Redis' socket while it works, so that neither side is ever idle. */
const MAX_BATCHES_IN_FLIGHT = 8;

/** How long Redis may be away before the import gives up. */
const MAX_OUTAGE_MS = 10_000;
const RETRY_DELAY_MS = 200;

interface Entry<T> {
  place: string;
  value: T;
}

/**
 * Imports files: reads, validates, and writes in batches, several at once; memory is bounded
 * whatever the size of the files. A batch that Redis did not answer is repeated. This adds nothing
 * twice, but rows whose answer was lost then count as known.
 * @param signal ends the import early, once the batches in flight are finished
 * @throws RedisUnavailableError when Redis stays away; SourceError
 */
export async function runImport<T>(
  sources: readonly Source[],
  target: ImportTarget<T>,
  progress: ImportProgress,
  signal: AbortSignal,
): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let batch: Entry<T>[] = [];

  const launch = async (): Promise<void> => {
    const writing: Promise<void> = write(batch, target, progress, signal)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => inFlight.delete(writing));
    inFlight.add(writing);
    batch = [];
    if (inFlight.size >= MAX_BATCHES_IN_FLIGHT) await Promise.race(inFlight);
  };
  const stopped = () => signal.aborted || failures.length > 0;

  try {
    for (const source of sources) {
      for await (const row of readSource(source, (count) => progress.read(count))) {
        const place = `${source.path}:${row.line}`;
        const result = 'reason' in row ? row : validate(target.schema, row.value);
        if ('reason' in result) progress.refused(place, result.reason);
        else if (batch.push({ place, value: result.value }) === target.batch) await launch();
        if (stopped()) break;
      }
      if (stopped()) break;
    }
    if (batch.length > 0 && !stopped()) await launch();
  } finally {
    await Promise.all(inFlight);
  }
  if (failures.length > 0 && !signal.aborted) throw failures[0];
}

async function write<T>(
  batch: readonly Entry<T>[],
  target: ImportTarget<T>,
  progress: ImportProgress,
  signal: AbortSignal,
): Promise<void> {
  const values = batch.map((entry) => entry.value);
  const outcomes = await patiently(() => target.write(values), signal);
  outcomes.forEach((outcome, index) => {
    if (typeof outcome === 'string') progress.done(outcome);
    else progress.refused(batch[index]?.place ?? '', outcome.reason);
  });
}

async function patiently<R>(operation: () => Promise<R>, signal: AbortSignal): Promise<R> {
  const deadline = Date.now() + MAX_OUTAGE_MS;
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof RedisUnavailableError) || Date.now() > deadline) throw error;
      await setTimeout(RETRY_DELAY_MS, undefined, { signal });
    }
  }
}

/** The row as the API would take it, or one line that says why it would not. */
function validate<T>(schema: z.ZodType<T>, value: unknown): { value: T } | { reason: string } {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  return { reason: result.error.issues.map((issue) => explain(issue, value)).join('; ') };
}

function explain(issue: z.core.$ZodIssue, value: unknown): string {
  const field = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return `${issue.keys.map((key) => JSON.stringify(key)).join(', ')} is not known`;
  if (field === '') return 'must be an object';
  return typeof value === 'object' && value !== null && String(issue.path[0]) in value
    ? `${field} ${issue.message}`
    : `${field} is missing`;
}
