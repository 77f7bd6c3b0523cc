import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { decodeQuote } from '#libs/quotes/quote.document.ts';
import { type ShardKeys, shardKeys } from '#libs/quotes/quote.keys.ts';
import type { RedisClient } from '#libs/redis/redis.connection.ts';
import type { InvertedEngine } from './engine/inverted.engine.ts';
import type { LogPosition } from './snapshot.store.ts';

/** Quotes or log entries that are read at once: a fraction of a millisecond of Redis' time. */
const BATCH_SIZE = 256;
/** A read of the log waits for this long when there are no new entries. */
const BLOCK_MS = 1000;
const CHECK_INTERVAL_MS = 1000;
const RETRY_DELAY_MS = 100;

/**
 * Keeps the index equal to one shard of the quotes, by following the shard's log. An entry only
 * says that something happened to a quote: the quote is then read as it is now, always over the
 * same connection, so that what is applied last was also read last, in whatever order entries and
 * walks of the whole shard overlap.
 */
export class ShardFollower {
  /**
   * How often the log was found to have lost something, so that the whole shard had to be compared.
   */
  resyncs = 0;
  /** Whether the index has once held all that the shard held. */
  caughtUp = false;

  readonly #engine: InvertedEngine;
  readonly #shard: number;
  readonly #shards: number;
  readonly #keys: ShardKeys;
  readonly #client: RedisClient;
  readonly #blocking: RedisClient;
  #position: LogPosition | undefined;
  /** Whether the index holds all that the shard held at #position; if not, a walk compares them. */
  #complete: boolean;
  #walk: { abort: AbortController; done: Promise<void> | undefined } = {
    abort: new AbortController(),
    done: undefined,
  };
  /** The position that makes a complete index caught up. */
  #goal: string | undefined;
  #nextCheck = 0;
  #stopped = false;

  /**
   * @param blocking a connection of its own, since reads wait on it
   * @param position where the index stands; undefined when it holds nothing
   */
  constructor(
    engine: InvertedEngine,
    shard: { number: number; of: number },
    client: RedisClient,
    blocking: RedisClient,
    position: LogPosition | undefined,
  ) {
    this.#engine = engine;
    this.#shard = shard.number;
    this.#shards = shard.of;
    this.#keys = shardKeys(shard.number);
    this.#client = client;
    this.#blocking = blocking;
    this.#position = position;
    this.#complete = position !== undefined;
  }

  /** Up to where the log has been applied. */
  get reached(): LogPosition | undefined {
    return this.#position && { ...this.#position };
  }

  /** Where the index stands; undefined while it does not hold all up to there. */
  get position(): LogPosition | undefined {
    return this.#complete && this.#position ? { ...this.#position } : undefined;
  }

  /** Follows until stop(). */
  async run(): Promise<void> {
    while (!this.#stopped) {
      try {
        if (Date.now() >= this.#nextCheck) await this.#check();
        await this.#read();
      } catch (error) {
        if (isBug(error)) throw error;
        // Redis is away or failing over; afterwards it may be another one.
        this.#nextCheck = 0;
        await delay(RETRY_DELAY_MS);
      }
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#walk.abort.abort();
  }

  /**
   * Checks whether the log still continues where the index stands. If not, the follower goes on
   * from the end of the log and compares the whole shard.
   */
  async #check(): Promise<void> {
    const [replication, entry, added, length] = await this.#client.inspectLog(1, this.#keys.log);
    const position = this.#position;
    const lost =
      position === undefined ||
      position.replication !== replication ||
      compareEntries(entry, position.entry) < 0 ||
      // Trimmed past the position; the last test finds it too when it happened between two reads.
      added - length > position.added ||
      (entry === position.entry && added !== position.added);
    if (lost) {
      if (position !== undefined) this.resyncs++;
      this.#position = { replication, entry, added };
      this.#complete = false;
      this.#walk.abort.abort();
      this.#walk = { abort: new AbortController(), done: undefined };
    }
    this.#nextCheck = Date.now() + CHECK_INTERVAL_MS;
    if (!this.#complete && this.#walk.done === undefined) this.#startWalk();
    // Before the first walk is over, there is nothing to keep up to date.
    if (!this.caughtUp) await this.#walk.done;
    this.#goal ??= this.#complete ? entry : undefined;
    this.#noteCaughtUp();
  }

  #noteCaughtUp(): void {
    if (this.#goal !== undefined && compareEntries(this.#position?.entry ?? '', this.#goal) >= 0)
      this.caughtUp = true;
    if (!this.caughtUp) this.#nextCheck = 0;
  }

  /** Applies the entries behind the position, if any come within BLOCK_MS. */
  async #read(): Promise<void> {
    const position = this.#position;
    if (position === undefined) return;
    const streams = await this.#blocking.xread(
      'COUNT',
      BATCH_SIZE,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      this.#keys.log,
      position.entry,
    );
    const entries = streams?.[0]?.[1] ?? [];
    const last = entries.at(-1);
    if (last === undefined) return;
    await this.#refresh([...new Set(entries.map(([, fields]) => fields[1] ?? ''))]);
    position.entry = last[0];
    position.added += entries.length;
    if (!this.caughtUp) this.#noteCaughtUp();
  }

  /** Makes the index hold these quotes as they are now. */
  async #refresh(ids: string[]): Promise<void> {
    const documents = await this.#client.mget(ids.map((id) => this.#keys.quote + id));
    documents.forEach((document, i) => {
      if (document === null) this.#engine.delete(Number(ids[i]));
      else this.#put(Number(ids[i]), document);
    });
  }

  /** Makes the index hold a quote as it is stored, if it holds another version or none. */
  #put(id: number, document: string): void {
    const checksum = crc32(document);
    if (this.#engine.checksumOf(id) === checksum) return;
    const { quote, user_id, author, source, lang, tags } = decodeQuote(document);
    this.#engine.add(id, quote, user_id, { author, source, lang, tags, checksum });
  }

  #startWalk(): void {
    const walk = this.#walk;
    const { signal } = walk.abort;
    walk.done = this.#compareAll(signal)
      .then(() => {
        if (!signal.aborted) this.#complete = true;
      })
      .finally(() => {
        walk.done = undefined;
      });
    // When Redis fails during a walk, the next check starts another one.
    walk.done.catch(() => {});
  }

  /**
   * Walks the whole shard by ascending id, adds what the index lacks, and deletes what it held at
   * the beginning and the shard does not. New ids only ascend. A quote that is restored behind the
   * walk is told by the log, and what seems to be gone is read once more for its sake.
   */
  async #compareAll(signal: AbortSignal): Promise<void> {
    const held = Float64Array.from(this.#engine.ids()).filter(
      (id) => id % this.#shards === this.#shard,
    );
    held.sort();
    let next = 0;
    let ids = await this.#idsBehind('-inf');
    while (ids.length > 0 && !signal.aborted) {
      const gone: number[] = [];
      for (const id of ids.map(Number)) {
        for (; (held[next] ?? Number.POSITIVE_INFINITY) < id; next++) gone.push(held[next] ?? 0);
        if (held[next] === id) next++;
      }
      // The next ids come along with these quotes: one round trip a batch.
      const [behind] = await Promise.all([
        this.#idsBehind(`(${ids.at(-1)}`),
        this.#refresh(ids),
        this.#refreshAll(gone),
      ]);
      ids = behind;
    }
    if (!signal.aborted) await this.#refreshAll(Array.from(held.subarray(next)));
  }

  /** The same as #refresh for any number of quotes. */
  async #refreshAll(ids: readonly number[]): Promise<void> {
    for (let from = 0; from < ids.length; from += BATCH_SIZE)
      await this.#refresh(ids.slice(from, from + BATCH_SIZE).map(String));
  }

  #idsBehind(score: string): Promise<string[]> {
    return this.#client.zrange(this.#keys.quotes, score, '+inf', 'BYSCORE', 'LIMIT', 0, BATCH_SIZE);
  }
}

/** Whether trying again cannot help. */
function isBug(error: unknown): boolean {
  return (
    error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError
  );
}

/**
 * Compares the ids of two stream entries, `milliseconds-number`: negative when `a` is the older
 * one.
 */
function compareEntries(a: string, b: string): number {
  const [aTime = 0, aNumber = 0] = a.split('-').map(Number);
  const [bTime = 0, bNumber = 0] = b.split('-').map(Number);
  return aTime - bTime || aNumber - bNumber;
}
