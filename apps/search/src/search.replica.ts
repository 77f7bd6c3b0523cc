import { Worker } from 'node:worker_threads';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ReadinessService } from '#libs/health/readiness.service.ts';
import type { SearchRequest, SearchResult } from './engine/search.engine.ts';
import type { FromWorker, IndexStatus, ToWorker } from './replica.messages.ts';
import * as metrics from './search.metrics.ts';

/** A small young generation: the index lives in typed arrays outside the heap, and what a search leaves behind is little. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 };

/** This replica's index, which lives in a thread of its own so that requests never wait for it. */
@Injectable()
export class SearchReplica implements OnApplicationBootstrap, OnApplicationShutdown {
  #ready = false;
  #resyncs = 0;
  #worker: Worker | undefined;
  #asked = 0;
  readonly #waiting = new Map<number, (result: SearchResult) => void>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    readiness: ReadinessService,
  ) {
    readiness.register('index', () => this.ready);
  }

  /** Whether the index has caught up with Redis since the start. */
  get ready(): boolean {
    return this.#ready;
  }

  search(request: SearchRequest): Promise<SearchResult> {
    const number = this.#asked++;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#send({ kind: 'search', number, request });
    });
  }

  /** Forgets a quote that Redis no longer has; searches asked after this will not find it. */
  delete(id: number): void {
    this.#send({ kind: 'delete', id });
  }

  onApplicationBootstrap(): void {
    this.#worker = new Worker(new URL('./index.worker.ts', import.meta.url), {
      workerData: this.config,
      resourceLimits: WORKER_LIMITS,
    });
    // An error that the thread does not handle is thrown here, and ends the process: without its index it is of no use.
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#worker?.terminate();
  }

  #send(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'status') {
      this.#note(message.status);
      return;
    }
    metrics.queryDuration.observe({ kind: message.query }, message.seconds);
    this.#waiting.get(message.number)?.(message.result);
    this.#waiting.delete(message.number);
  }

  #note(status: IndexStatus): void {
    this.#ready = status.ready;
    metrics.indexDocuments.set(status.documents);
    metrics.indexTerms.set(status.terms);
    metrics.indexBytes.set(status.bytes);
    metrics.indexLagSeconds.set(status.lagMilliseconds / 1000);
    metrics.indexLagEntries.set(status.lagEntries);
    metrics.indexResyncs.inc(status.resyncs - this.#resyncs);
    this.#resyncs = status.resyncs;
    metrics.snapshotAge.set(status.snapshotAt === undefined ? 0 : (Date.now() - status.snapshotAt) / 1000);
  }
}
