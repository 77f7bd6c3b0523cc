import { Readable } from 'node:stream';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Counter } from 'prom-client';
import { ConcurrencyLimiter } from '#libs/http/concurrency.limiter.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';

/** JSON Lines (jsonlines.org), by the name that its authors propose. */
export const JSON_LINES_TYPE = 'application/jsonl';

/** Exports under way at a time; each holds a batch of quotes while its reader does not read. */
const MAX_EXPORTS = 4;
/** One batch is read at a time, so that other requests get their turns between any two. */
const MAX_BATCHES_READ = 1;
/** An export that has waited so long for its reader makes room for another. */
const MAX_READER_PAUSE_MS = 1_000;

/** Exports that ended before their last quote, unless their clients have left. */
const exportsCut = new Counter({
  name: 'quote_exports_cut_total',
  help: 'Exports that ended before their last quote, but for those whose clients left',
  labelNames: ['reason'] as const,
});

/**
 * `crowded` for a slow reader in whose place another one came, `stalled` for one that did not read
 * at all, `shutdown` when the service ends, `failed` when Redis does.
 */
type CutReason = 'crowded' | 'stalled' | 'shutdown' | 'failed';
for (const reason of ['crowded', 'stalled', 'shutdown', 'failed'] satisfies CutReason[])
  exportsCut.inc({ reason }, 0);

/** Quotes as lines of JSON, read in batches, each when the one before has been sent. */
class QuoteLines extends Readable {
  /** Since when the reader keeps it waiting; infinite while a batch is read. */
  waitingSince = Number.POSITIVE_INFINITY;
  private cutReason: CutReason = 'failed';

  /** @param nextBatch answers no batch when there are no more quotes */
  constructor(private readonly nextBatch: () => Promise<string[] | undefined>) {
    // A text takes no memory outside of the heap, as a buffer does. Nothing is read ahead.
    super({ objectMode: true, highWaterMark: 0 });
    this.once('error', () => exportsCut.inc({ reason: this.cutReason }));
  }

  /** Reads the first batch, whose failure can still be answered. */
  async begin(): Promise<void> {
    const batch = await this.nextBatch();
    this.send(batch);
  }

  /** Ends it early. */
  cut(reason: CutReason): void {
    if (this.destroyed) return;
    this.cutReason = reason;
    this.destroy(new Error(`The export ends early: ${reason}`));
  }

  override _read(): void {
    this.waitingSince = Number.POSITIVE_INFINITY;
    this.nextBatch().then(
      (batch) => this.send(batch),
      (error: Error) => this.destroy(error),
    );
  }

  private send(batch: string[] | undefined): void {
    this.waitingSince = performance.now();
    this.push(batch ? `${batch.join('\n')}\n` : null);
  }
}

/**
 * Exports all quotes as JSON Lines. An export that ends early resets its connection, so that no
 * client takes a part for the whole; it is resumed behind the last id that came.
 */
@Injectable()
export class QuotesExport implements OnModuleInit {
  private readonly running = new Set<QuoteLines>();
  private readonly reading = new ConcurrencyLimiter(MAX_BATCHES_READ, MAX_EXPORTS);
  private isClosing = false;

  constructor(
    private readonly quotes: QuotesRepository,
    private readonly adapters: HttpAdapterHost,
  ) {}

  /** A server that closes waits for every other answer under way. */
  onModuleInit(): void {
    const server: FastifyInstance = this.adapters.httpAdapter.getInstance();
    server.addHook('preClose', (done) => {
      this.isClosing = true;
      for (const lines of this.running) lines.cut('shutdown');
      done();
    });
  }

  /**
   * The lines of all quotes by ascending id, as the body of a reply.
   * @param after id behind which they begin; undefined for all
   * @throws ProblemError busy; RedisUnavailableError
   */
  async open(after: string | undefined, { request, raw }: FastifyReply): Promise<Readable> {
    const slowest = this.findRoom();
    if (request.method === 'HEAD') {
      // Nothing is read for an answer without a body, but it must not hide that Redis is away.
      await this.quotes.findMany([]);
      return Readable.from([]);
    }
    if (slowest) {
      slowest.cut('crowded');
      this.running.delete(slowest);
    }
    const batches = this.quotes.walk(after);
    const lines = new QuoteLines(() =>
      this.reading.run(async () => (await batches.next()).value ?? undefined, request.signal),
    );
    this.running.add(lines);
    lines.once('close', () => this.running.delete(lines));
    try {
      await lines.begin();
    } catch (error) {
      lines.destroy();
      throw error;
    }
    // The server asks here before it closes a connection on which nothing has moved for long.
    raw.once('timeout', () => lines.cut('stalled'));
    lines.once('error', () => raw.socket?.resetAndDestroy());
    return lines;
  }

  /**
   * Finds room for one more export.
   * @returns the export in whose place it comes; undefined while there is a free one
   * @throws ProblemError busy
   */
  private findRoom(): QuoteLines | undefined {
    if (this.isClosing) throw new ProblemError('busy');
    if (this.running.size < MAX_EXPORTS) return undefined;
    const [slowest] = [...this.running].sort((a, b) => a.waitingSince - b.waitingSince);
    if (!slowest || performance.now() - slowest.waitingSince < MAX_READER_PAUSE_MS)
      throw new ProblemError('busy');
    return slowest;
  }
}
