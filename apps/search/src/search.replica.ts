import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ReadinessService } from '#libs/health/readiness.service.ts';
import { clientOf } from '#libs/http/client.address.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import type { SearchResult } from './engine/search.engine.ts';
import { FairQueue } from './fair.queue.ts';
import { IndexLag } from './index.lag.ts';
import type {
  FromWorker,
  IndexStatus,
  Question,
  Requests,
  Results,
  ToWorker,
} from './replica.messages.ts';
import * as metrics from './search.metrics.ts';

/**
 * The young generation is small, since the index lives in typed arrays outside the heap, and a
 * search leaves little garbage.
 */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 };
const MAX_QUEUE_LENGTH = 128;
/** After this time nobody waits for the answer any more. */
const DEADLINE_MS = 2000;
/**
 * Two searches are handed to the index: one that runs, and one that it begins when that has ended.
 */
const MAX_RUNNING = 2;
/** An index that has reported nothing for this time counts as stalled. */
const STALLED_AFTER_SECONDS = 10;
const SECOND_MS = 1000;

/** Who asks the index. */
export interface Asker {
  /** Clients take turns. */
  client: string;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
  /** The time of performance.now() after which nobody waits for the answer. */
  deadline: number;
}

/** The client of a request as the one who asks the index, from now on. */
export function askerOf({ ip, signal }: FastifyRequest): Asker {
  return { client: clientOf(ip), signal, deadline: performance.now() + DEADLINE_MS };
}

/** A search or another question on its way. */
interface Search {
  client: string;
  question: Question;
  found(result: Results[keyof Results]): void;
  refuse(reason: Refusal): void;
}

/** Why a search was not answered. */
type Refusal = 'full' | 'late' | 'gone';

const REFUSALS: Record<Refusal, () => ProblemError> = {
  full: () => new ProblemError('busy', 'Too many searches are waiting'),
  late: () => new ProblemError('busy', 'The search had to wait for too long'),
  // Nobody reads this answer, but it is logged and counted: not as a failure of the service.
  gone: () => new ProblemError('request-timeout', 'The client has gone'),
};

/**
 * This replica's index, which lives in a thread of its own so that requests never wait for it.
 * Searches queue here and not among the messages of the thread, so that they can be counted,
 * refused and removed. The thread is also watched from here, so that a stalled one is noticed.
 */
@Injectable()
export class SearchReplica implements OnApplicationBootstrap, OnApplicationShutdown {
  #status: IndexStatus | undefined;
  /** Counted by this thread's own timer: while the whole process is stopped, it does not grow. */
  #silentSeconds = 0;
  #resyncs = 0;
  #worker: Worker | undefined;
  #watch: NodeJS.Timeout | undefined;
  #asked = 0;
  readonly #queue = new FairQueue<Search>(MAX_QUEUE_LENGTH);
  readonly #running = new Map<number, Search>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly lag: IndexLag,
    readiness: ReadinessService,
  ) {
    readiness.register('index', () => this.ready);
  }

  /** Whether the index has caught up with Redis since the start, and is at work. */
  get ready(): boolean {
    return this.#status?.ready === true && this.#silentSeconds < STALLED_AFTER_SECONDS;
  }

  /**
   * Asks the index.
   * @throws ProblemError not-ready: the index is being loaded, or stands still; busy: too many
   *   searches wait, or this one did for too long
   */
  async ask<K extends keyof Requests>(
    of: K,
    request: Requests[K],
    { client, signal, deadline }: Asker,
  ): Promise<Results[K]> {
    if (!this.ready)
      throw new ProblemError('not-ready', 'The index is being loaded, or stands still');
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const search: Search = {
        client,
        question: { of, request } as Question,
        found: (result) => {
          leave();
          resolve(result as Results[K]);
        },
        refuse: (reason) => {
          leave();
          this.#queue.remove(client, search);
          metrics.queueLength.set(this.#queue.size);
          metrics.searchesRefused.inc({ reason });
          reject(REFUSALS[reason]());
        },
      };
      const onAbort = () => search.refuse('gone');
      const timer = setTimeout(
        () => search.refuse('late'),
        Math.max(0, deadline - performance.now()),
      );
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort);
      this.#queue.push(client, search)?.refuse('full');
      this.#runNext();
    });
  }

  onApplicationBootstrap(): void {
    // The flag by which the image bounds the heap of this thread, which has its limit already,
    // would go before the limits of the worker.
    setFlagsFromString('--max-old-space-size=0');
    this.#worker = new Worker(new URL('./index.worker.ts', import.meta.url), {
      name: 'index',
      workerData: this.config,
      resourceLimits: WORKER_LIMITS,
    });
    // An error that the thread does not handle is thrown here and ends the process, which is of no
    // use without its index.
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#watch = setInterval(() => void this.#measure(), SECOND_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#watch);
    await this.#worker?.terminate();
  }

  #runNext(): void {
    while (this.#running.size < MAX_RUNNING) {
      const search = this.#queue.shift();
      if (search === undefined) break;
      const number = this.#asked++;
      // It stays there until the index answers, even if nobody waits for it any more: a thread that
      // is stuck must not get more searches.
      this.#running.set(number, search);
      this.#worker?.postMessage({ number, question: search.question } satisfies ToWorker);
    }
    metrics.queueLength.set(this.#queue.size);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'status') {
      this.#note(message.status);
      return;
    }
    const { number, result, seconds } = message;
    const search = this.#running.get(number);
    this.#running.delete(number);
    if (search !== undefined) {
      const { of, request } = search.question;
      const kind = of === 'search' ? metrics.queryKind(request.query, result as SearchResult) : of;
      metrics.queryDuration.observe({ kind }, seconds);
      search.found(result);
    }
    this.#runNext();
  }

  #note(status: IndexStatus): void {
    this.#status = status;
    this.#silentSeconds = 0;
    metrics.indexSilentSeconds.set(0);
    metrics.indexDocuments.set(status.documents);
    metrics.indexTerms.set(status.terms);
    metrics.indexBytes.set(status.bytes);
    metrics.indexResyncs.inc(status.resyncs - this.#resyncs);
    this.#resyncs = status.resyncs;
    metrics.snapshotAge.set(
      status.snapshotAt === undefined ? 0 : (Date.now() - status.snapshotAt) / 1000,
    );
  }

  /** Measures, once a second, how long the index has been silent and how far it is behind. */
  async #measure(): Promise<void> {
    this.#silentSeconds++;
    metrics.indexSilentSeconds.set(this.#silentSeconds);
    if (this.#status === undefined) return;
    const lag = await this.lag.of(this.#status.positions);
    if (lag === undefined) return;
    metrics.indexLagSeconds.set(lag.seconds);
    metrics.indexLagEntries.set(lag.entries);
  }
}
