import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Config } from '#libs/config/config.ts';
import { CHANGE_LOG_SCRIPTS } from '#libs/quotes/change.log.ts';
import { connectRedis, type RedisClient } from '#libs/redis/redis.connection.ts';
import { defineScripts } from '#libs/redis/redis.scripts.ts';
import { InvertedEngine } from './engine/inverted.engine.ts';
import type { FromWorker, IndexStatus, Question, Results, ToWorker } from './replica.messages.ts';
import { ShardFollower } from './shard.follower.ts';
import { type SnapshotManifest, SnapshotStore } from './snapshot.store.ts';

/**
 * Another snapshot is saved after this many changes, which are far fewer than the log keeps.
 */
const CHANGES_PER_SNAPSHOT = 25_000;
const STATUS_INTERVAL_MS = 250;
const RETRY_DELAY_MS = 100;
/** After this many failures to read a snapshot, the index is rebuilt from the quotes. */
const MAX_SNAPSHOT_TRIES = 3;
/** A read that blocks, or a snapshot, takes longer than other commands may. */
const REDIS_TIMEOUT_MS = 5000;

/**
 * The thread that holds the index: fills it from the newest snapshot, follows the log of every
 * shard, saves snapshots, and answers searches in between. Nothing blocks the thread for longer
 * than a merge of segments.
 */
class IndexWorker {
  readonly #config: Config;
  readonly #client: RedisClient;
  readonly #store: SnapshotStore;
  #engine = new InvertedEngine();
  #followers: ShardFollower[] = [];
  #snapshot: SnapshotManifest | undefined;
  #isSaving = false;
  #isFilling = true;

  constructor(config: Config) {
    this.#config = config;
    this.#client = connect(config);
    this.#store = new SnapshotStore(this.#client);
  }

  async run(): Promise<never> {
    await this.#restore();
    this.#engine.isFilling = this.#isFilling;
    const shards = this.#config.REDIS_SHARDS;
    this.#followers = Array.from({ length: shards }, (_, number) => {
      // A read of the log waits for news: longer than other commands take, and so on a connection
      // of its own.
      const blocking = connect(this.#config);
      const position = this.#snapshot?.positions[number];
      return new ShardFollower(
        this.#engine,
        { number, of: shards },
        this.#client,
        blocking,
        position,
      );
    });
    for (const follower of this.#followers) void follower.run();
    for (;;) {
      const status = this.#status();
      if (status.ready && this.#isFilling) this.#endFilling();
      send({ kind: 'status', status });
      void this.#save();
      await delay(STATUS_INTERVAL_MS);
    }
  }

  answer({ number, question }: ToWorker): void {
    const start = performance.now();
    const result = this.#resultOf(question);
    const seconds = (performance.now() - start) / 1000;
    send({ kind: 'answer', number, result, seconds });
  }

  #resultOf({ of, request }: Question): Results[keyof Results] {
    if (of === 'search') return this.#engine.search(request);
    if (of === 'select') return this.#engine.select(request);
    if (of === 'suggest') return this.#engine.suggest(request);
    return this.#engine.names(request);
  }

  /** Fills the index from the newest snapshot, if there is one that can be read. */
  async #restore(): Promise<void> {
    for (let tries = 0; tries < MAX_SNAPSHOT_TRIES; ) {
      try {
        const manifest = await this.#store.manifest();
        if (manifest?.positions.length !== this.#config.REDIS_SHARDS) return;
        tries++;
        await this.#engine.restore(this.#store.chunks(manifest));
        this.#snapshot = manifest;
        return;
      } catch {
        this.#engine = new InvertedEngine();
        await delay(RETRY_DELAY_MS);
      }
    }
  }

  /** Ends the first filling, whose garbage would stay for long: a search leaves little. */
  #endFilling(): void {
    this.#isFilling = false;
    this.#engine.isFilling = false;
    // Node has gc() only with --expose-gc, as in the image.
    globalThis.gc?.();
  }

  async #save(): Promise<void> {
    const positions = this.#followers
      .map((follower) => follower.position)
      .filter((position) => position !== undefined);
    if (this.#isSaving || positions.length < this.#followers.length) return;
    const added = positions.reduce((sum, position) => sum + position.added, 0);
    if (added - addedOf(this.#snapshot) < CHANGES_PER_SNAPSHOT) return;
    this.#isSaving = true;
    try {
      // Another replica may have written one meanwhile.
      this.#snapshot = await this.#store.manifest();
      if (added - addedOf(this.#snapshot) < CHANGES_PER_SNAPSHOT) return;
      this.#snapshot =
        (await this.#store.save(positions, this.#engine.snapshot())) ?? this.#snapshot;
    } catch {
      // Redis is away: the next call tries again.
    } finally {
      this.#isSaving = false;
    }
  }

  #status(): IndexStatus {
    const followers = this.#followers;
    return {
      ready: followers.length > 0 && followers.every((follower) => follower.caughtUp),
      documents: this.#engine.size,
      terms: this.#engine.terms,
      bytes: this.#engine.bytes,
      positions: followers.map((follower) => follower.reached),
      resyncs: followers.reduce((sum, follower) => sum + follower.resyncs, 0),
      snapshotAt: this.#snapshot?.createdAt,
    };
  }
}

function connect(config: Config): RedisClient {
  const client = connectRedis(config, REDIS_TIMEOUT_MS);
  // A failure rejects the commands that it concerns.
  client.on('error', () => {});
  defineScripts(client, CHANGE_LOG_SCRIPTS);
  return client;
}

function addedOf(snapshot: SnapshotManifest | undefined): number {
  return snapshot?.positions.reduce((sum, position) => sum + position.added, 0) ?? 0;
}

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

const worker = new IndexWorker(workerData);
parentPort?.on('message', (message: ToWorker) => worker.answer(message));
await worker.run();
