import { randomUUID } from 'node:crypto';
import type { RedisClient } from '#libs/redis/redis.connection.ts';
import { defineScripts } from '#libs/redis/redis.scripts.ts';
import { SNAPSHOT_VERSION } from './engine/snapshot.codec.ts';
import { SNAPSHOT_KEYS } from './snapshot.keys.ts';
import { SNAPSHOT_SCRIPTS } from './snapshot.scripts.ts';

/** Where in the log of a shard an index stands. */
export interface LogPosition {
  /** The last entry applied. */
  entry: string;
  /** How many entries were ever added up to that one. */
  added: number;
  /** The replication id under which both were read. */
  replication: string;
}

/** The first entry of a snapshot, which describes it. */
export interface SnapshotManifest {
  /** Of the format of the chunks. */
  version: number;
  /** Tells one snapshot from another. */
  token: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** By shard, the position in the log up to which it holds all changes. */
  positions: LogPosition[];
}

/** The chunks that a crashed writer leaves behind expire after this time. */
const ABANDONED_AFTER_SECONDS = 600;
/** The replicas together begin at most one snapshot in this time. */
const MIN_INTERVAL_MS = 60_000;
/** As many chunks take about 400 KB, and a fraction of a millisecond of Redis' time. */
const CHUNKS_PER_READ = 4;

/** The newest snapshot of the index, in Redis: any replica writes it, all start from it. */
export class SnapshotStore {
  readonly #client: RedisClient;

  constructor(client: RedisClient) {
    this.#client = client;
    defineScripts(client, SNAPSHOT_SCRIPTS);
  }

  /**
   * The manifest of the newest snapshot. One of another version counts as none: the index is then
   * rebuilt from the quotes, and soon saved in this version.
   */
  async manifest(): Promise<SnapshotManifest | undefined> {
    const text = await this.#client.lindex(SNAPSHOT_KEYS.snapshot, 0);
    const manifest: SnapshotManifest | null = JSON.parse(text ?? 'null');
    return manifest?.version === SNAPSHOT_VERSION ? manifest : undefined;
  }

  /**
   * The chunks of that snapshot.
   * @throws Error when another has replaced it meanwhile
   */
  async *chunks(manifest: SnapshotManifest): AsyncGenerator<Uint8Array> {
    const read = (from: number) =>
      this.#client.lrangeBuffer(
        SNAPSHOT_KEYS.snapshot,
        from,
        from + CHUNKS_PER_READ - 1,
      ) as Promise<Buffer[]>;
    let from = 1;
    let ahead = read(from);
    for (;;) {
      const chunks = await ahead;
      if (chunks.length === 0) break;
      from += CHUNKS_PER_READ;
      ahead = read(from);
      // When the consumer stops early, nobody handles a failure of this read.
      ahead.catch(() => {});
      yield* chunks;
    }
    if ((await this.manifest())?.token !== manifest.token)
      throw new Error('the snapshot was replaced while it was read');
  }

  /**
   * Writes a snapshot, unless another replica has begun one within the last minute. One that takes
   * so long that it expires is given up.
   * @returns its manifest, if it was written
   */
  async save(
    positions: LogPosition[],
    chunks: Iterable<Uint8Array>,
  ): Promise<SnapshotManifest | undefined> {
    const manifest: SnapshotManifest = {
      version: SNAPSHOT_VERSION,
      token: randomUUID(),
      createdAt: Date.now(),
      positions,
    };
    const { token } = manifest;
    const client = this.#client;
    if ((await client.set(SNAPSHOT_KEYS.lock, token, 'PX', MIN_INTERVAL_MS, 'NX')) === null)
      return undefined;
    const next = SNAPSHOT_KEYS.next + token;
    await client.rpush(next, JSON.stringify(manifest));
    await client.expire(next, ABANDONED_AFTER_SECONDS);
    for (const chunk of chunks) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      if ((await client.rpushx(next, bytes)) === 0) return undefined;
    }
    const old = SNAPSHOT_KEYS.old + token;
    const replaced = await client.replaceSnapshot(3, next, SNAPSHOT_KEYS.snapshot, old);
    return replaced === 1 ? manifest : undefined;
  }
}
