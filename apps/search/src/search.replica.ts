import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ReadinessService } from '#libs/health/readiness.service.ts';
import { QuotesRepository } from '#libs/redis/quotes.repository.ts';
import { connectRedis } from '#libs/redis/redis.connection.ts';
import { shardKeys } from '#libs/redis/redis.keys.ts';
import { BruteForceEngine } from './engine/brute-force.engine.ts';
import type { SearchEngine, SearchRequest, SearchResult } from './engine/search.engine.ts';

/** How many quotes are read at once while the index is loaded. */
const BATCH = 200;

/** This replica's index: loaded from Redis at the start, then kept up by following the log of changes. */
@Injectable()
export class SearchReplica implements OnApplicationBootstrap, OnApplicationShutdown {
  #ready = false;
  #stopped = false;
  readonly #engine: SearchEngine = new BruteForceEngine();
  readonly #log: Redis;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly quotes: QuotesRepository,
    readiness: ReadinessService,
  ) {
    readiness.register('index', () => this.ready);
    this.#log = connectRedis(config, { commandTimeout: 5000, socketTimeout: 5000 }) as Redis;
    this.#log.on('error', () => {});
  }

  /** Whether the index is loaded. */
  get ready(): boolean {
    return this.#ready;
  }

  async search(request: SearchRequest): Promise<SearchResult> {
    return this.#engine.search(request);
  }

  /** Forgets a quote that Redis no longer has. */
  delete(id: number): void {
    this.#engine.delete(id);
  }

  onApplicationBootstrap(): void {
    void this.#follow();
  }

  onApplicationShutdown(): void {
    this.#stopped = true;
    this.#log.disconnect();
  }

  async #follow(): Promise<void> {
    const { log } = shardKeys(0);
    let position = '';
    while (!this.#stopped) {
      try {
        if (position === '') {
          const [last] = await this.#log.xrevrange(log, '+', '-', 'COUNT', 1);
          const start = last?.[0] ?? '0-0';
          await this.#load();
          position = start;
          this.#ready = true;
        }
        const streams = await this.#log.xread('COUNT', BATCH, 'BLOCK', 1000, 'STREAMS', log, position);
        for (const [entryId, fields] of streams?.[0]?.[1] ?? []) {
          await this.#apply(fields);
          position = entryId;
        }
      } catch {
        await delay(100);
      }
    }
  }

  async #load(): Promise<void> {
    let cursor: string | undefined;
    do {
      const { documents, next } = await this.quotes.list(BATCH, cursor);
      for (const document of documents) this.#add(document);
      cursor = next ?? undefined;
    } while (cursor !== undefined);
  }

  async #apply([change, id = '']: string[]): Promise<void> {
    if (change === 'd') {
      this.#engine.delete(Number(id));
      return;
    }
    const [document] = await this.quotes.findMany([id]);
    if (document) this.#add(document);
  }

  #add(document: string): void {
    const { id, quote, user_id } = JSON.parse(document);
    this.#engine.add(Number(id), quote, user_id);
  }
}
