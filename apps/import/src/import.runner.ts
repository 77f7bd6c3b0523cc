import { setTimeout } from 'node:timers/promises';
import { RedisUnavailableError } from '#libs/redis/redis.service.ts';
import type { ImportProgress } from './import.progress.ts';
import { readSource, type Source } from './import.source.ts';
import type { ImportKind, ImportTarget } from './import.target.ts';
import type { RejectFile } from './reject.file.ts';
import { validate } from './row.validator.ts';

/** The next batches wait in Redis' socket while it works, so that neither side is ever idle. */
const MAX_BATCHES_IN_FLIGHT = 8;

/** How long Redis may be away before the import gives up. */
const MAX_OUTAGE_MS = 10_000;
const RETRY_DELAY_MS = 200;

/** A row on its way. */
interface Entry<T> {
  file: string;
  line: number;
  value: T;
}

/** Where an import tells what came of its rows. */
export interface Observers {
  progress: ImportProgress;
  rejects?: RejectFile | undefined;
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
  observers: Observers,
  signal: AbortSignal,
): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let batch: Entry<T>[] = [];

  const launch = async (): Promise<void> => {
    const writing: Promise<void> = write(batch, target, observers, signal)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => inFlight.delete(writing));
    inFlight.add(writing);
    batch = [];
    if (inFlight.size >= MAX_BATCHES_IN_FLIGHT) await Promise.race(inFlight);
  };
  const stopped = () => signal.aborted || failures.length > 0;

  try {
    for (const source of sources) {
      for await (const entry of readEntries(source, target, observers)) {
        if (entry && batch.push(entry) === target.batch) await launch();
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

/**
 * Reads and validates what {@link runImport} would write, and writes nothing.
 * @param show told the first `count` good rows of each file
 * @throws SourceError
 */
export async function rehearseImport<T>(
  sources: readonly Source[],
  kind: ImportKind<T>,
  observers: Observers,
  signal: AbortSignal,
  { count, show }: { count: number; show: (value: T) => void },
): Promise<void> {
  for (const source of sources) {
    let shown = 0;
    for await (const entry of readEntries(source, kind, observers)) {
      if (signal.aborted) return;
      if (!entry) continue;
      observers.progress.done('added');
      if (shown++ < count) show(entry.value);
    }
  }
}

/** The rows of a file that are good, and nothing in the place of those that were refused. */
async function* readEntries<T>(
  source: Source,
  { schema, trim = (row) => ({ row, isCut: false }) }: ImportKind<T>,
  observers: Observers,
): AsyncGenerator<Entry<T> | undefined> {
  const file = source.path;
  for await (const read of readSource(source, (count) => observers.progress.read(count))) {
    const { line } = read;
    if ('reason' in read) {
      refuse({ file, line, value: read.text }, read.reason, observers);
      yield undefined;
      continue;
    }
    const { row, isCut } = trim(read.value);
    const result = validate(schema, row, source.columns);
    if ('reason' in result) {
      refuse({ file, line, value: read.value }, result.reason, observers);
      yield undefined;
      continue;
    }
    if (isCut) observers.progress.cut();
    yield { file, line, value: result.value };
  }
}

function refuse(entry: Entry<unknown>, reason: string, { progress, rejects }: Observers): void {
  progress.refused(`${entry.file}:${entry.line}`, reason);
  rejects?.add({ ...entry, reason });
}

async function write<T>(
  batch: readonly Entry<T>[],
  target: ImportTarget<T>,
  observers: Observers,
  signal: AbortSignal,
): Promise<void> {
  const values = batch.map((entry) => entry.value);
  const outcomes = await patiently(() => target.write(values), signal);
  batch.forEach((entry, index) => {
    const outcome = outcomes[index];
    if (typeof outcome === 'string') observers.progress.done(outcome);
    else if (outcome) refuse(entry, outcome.reason, observers);
  });
}

/**
 * Repeats an operation that Redis did not answer.
 * @throws RedisUnavailableError when Redis stays away; AbortError
 */
export async function patiently<R>(operation: () => Promise<R>, signal: AbortSignal): Promise<R> {
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
