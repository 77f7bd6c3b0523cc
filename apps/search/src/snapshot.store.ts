import { randomUUID } from 'node:crypto';
import type { RedisClient } from '#libs/redis/redis.connection.ts';
import { SNAPSHOT_KEYS } from './snapshot.keys.ts';

/** Where in the log of a shard an index stands. */
export interface LogPosition {
  /** The last entry applied. */
  entry: string;
  /** How many entries were ever added up to that one. */
  added: number;
  /** The replication id under which both were read. */
  replication: string;
}

/** What a snapshot says of itself. */
export interface SnapshotManifest {
  /** Tells one snapshot from another. */
  token: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** The state that it holds, by shard; what the log says after that is to be added. */
  positions: LogPosition[];
}

/** Seconds after which what a writer that died has left behind is gone. */
const ABANDONED_AFTER = 600;
/** Milliseconds before another snapshot may be begun. */
const INTERVAL = 60_000;
/** Chunks read at once: about 400 KB, a fraction of a millisecond of Redis' time. */
const READ_AHEAD = 4;

/** The newest snapshot of the index, in Redis: any replica writes it, all start from it. */
export class SnapshotStore {
  readonly #client: RedisClient;

  constructor(client: RedisClient) {
    this.#client = client;
  }

  async manifest(): Promise<SnapshotManifest | undefined> {
    const text = await this.#client.lindex(SNAPSHOT_KEYS.snapshot, 0);
    return text === null ? undefined : JSON.parse(text);
  }

  /**
   * The chunks of that snapshot.
   * @throws Error when another has replaced it meanwhile
   */
  async *chunks(manifest: SnapshotManifest): AsyncGenerator<Uint8Array> {
    const read = (from: number) =>
      this.#client.lrangeBuffer(SNAPSHOT_KEYS.snapshot, from, from + READ_AHEAD - 1) as Promise<
        Buffer[]
      >;
    let from = 1;
    let ahead = read(from);
    for (;;) {
      const chunks = await ahead;
      if (chunks.length === 0) break;
      from += READ_AHEAD;
      ahead = read(from);
      // Should the consumer stop early, nobody waits for this one.
      ahead.catch(() => {});
      yield* chunks;
    }
    if ((await this.manifest())?.token !== manifest.token)
      throw new Error('the snapshot was replaced while it was read');
  }

  /**
   * Writes a snapshot, unless another replica has begun one within the last minute.
   * @returns its manifest, if it was written
   */
  async save(
    positions: LogPosition[],
    chunks: Iterable<Uint8Array>,
  ): Promise<SnapshotManifest | undefined> {
    const manifest = { token: randomUUID(), createdAt: Date.now(), positions };
    const { token } = manifest;
    const client = this.#client;
    if ((await client.set(SNAPSHOT_KEYS.lock, token, 'PX', INTERVAL, 'NX')) === null)
      return undefined;
    const next = SNAPSHOT_KEYS.next + token;
    await client.rpush(next, JSON.stringify(manifest));
    await client.expire(next, ABANDONED_AFTER);
    for (const chunk of chunks)
      await client.rpush(next, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    const old = SNAPSHOT_KEYS.old + token;
    // The first command fails when there was none: the others are carried out all the same. UNLINK
    // frees the memory in the background, RENAME would not.
    await client
      .multi()
      .rename(SNAPSHOT_KEYS.snapshot, old)
      .rename(next, SNAPSHOT_KEYS.snapshot)
      .persist(SNAPSHOT_KEYS.snapshot)
      .unlink(old)
      .exec();
    return manifest;
  }
}
