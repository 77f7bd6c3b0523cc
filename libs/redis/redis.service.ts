import { tracingChannel } from 'node:diagnostics_channel';
import { setImmediate as afterOthers } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { Redis } from 'ioredis';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { RedisAvailability } from './redis.availability.ts';
import { connectRedis, type RedisClient } from './redis.connection.ts';
import { redisCommandDuration } from './redis.metrics.ts';
import { defineScripts, type Scripts } from './redis.scripts.ts';

/**
 * Publishes every operation, for a tracer. The client's own channel publishes when a pipeline is
 * flushed, in the context of whichever request came first.
 */
export const redisOperations = tracingChannel<unknown, { operation: string; error?: unknown }>(
  'quotes-platform:redis',
);

/**
 * How long replicas may take to confirm a write. A write may wait for two other confirmations
 * before its own, and all three must fit into a second.
 */
const REPLICATION_TIMEOUT_MS = 250;

/**
 * Redis is away, overloaded, loading, failing over or refusing writes: the caller may try again.
 */
export class RedisUnavailableError extends Error {
  constructor(operation: string, cause: unknown) {
    super(`Redis did not carry out "${operation}"`, { cause });
  }
}

/**
 * How long a read waits for a lost connection to come back. A planned failover takes less, also
 * when a Sentinel hangs, whose answer is awaited for half a second.
 */
const MAX_RECONNECTION_MS = 750;

/** The connections of an app. Operations are measured, and failures of Redis told from bugs. */
@Injectable()
export class RedisService implements OnApplicationShutdown {
  readonly client: RedisClient;
  readonly availability: RedisAvailability;
  /**
   * The connection for writes. A master that hands over in a planned failover holds writes back for
   * a second, and with them every later answer on their connection; reads go on beside them.
   * Without replicas it is the connection for reads.
   */
  private readonly writer: RedisClient;
  private readonly clients: readonly RedisClient[];
  private readonly replicated: boolean;
  /** Replicas that must have a write before it is acknowledged. */
  private readonly writeReplicas: number;
  /** The confirmation that is awaited, and the one that will be requested next. */
  private confirmation: Promise<unknown> = Promise.resolve();
  private nextConfirmation: Promise<number> | undefined;
  /** Whether the lost connection for reads comes back soon; undefined while there is one. */
  private reconnection: Promise<boolean> | undefined;

  /** @param maxSilenceMs how long Redis may be silent; longer for an app that nobody waits for */
  constructor(@Inject(CONFIG) config: Config, @Optional() maxSilenceMs?: number) {
    this.replicated = config.REDIS_SENTINELS.length > 0;
    this.writeReplicas = config.REDIS_WRITE_REPLICAS;
    this.client = connectRedis(config, maxSilenceMs);
    this.writer = this.replicated ? connectRedis(config, maxSilenceMs) : this.client;
    this.clients = this.replicated ? [this.client, this.writer] : [this.client];
    this.availability = new RedisAvailability(config, this.clients);
    if (this.replicated) this.pair(this.client as Redis, this.writer as Redis);
  }

  /** Makes the scripts of a feature callable on the clients that its commands are given. */
  define(scripts: Scripts): void {
    for (const client of this.clients) defineScripts(client, scripts);
  }

  /**
   * Runs a command or script that changes nothing. With replicas, it runs once more when the
   * connection is lost meanwhile.
   * @param operation bounded name, the label of the duration metric
   * @throws RedisUnavailableError when Redis could not carry it out
   */
  read<T>(operation: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.replicated) return this.trace(operation, this.client, command);
    return this.trace(operation, this.client, (client) =>
      command(client).catch(async (error: Error) => {
        if (error.name === 'ReplyError' || !(await this.reconnected(client as Redis))) throw error;
        return command(client);
      }),
    );
  }

  /**
   * Waits for the lost connection for reads; all callers share one wait, also after one in vain.
   */
  private reconnected(reader: Redis): Promise<boolean> {
    if (reader.status === 'ready' && reader.stream.writable) return Promise.resolve(true);
    this.reconnection ??= new Promise((resolve) => {
      const timer = setTimeout(resolve, MAX_RECONNECTION_MS, false);
      reader.once('ready', () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    return this.reconnection;
  }

  /**
   * Runs a write that a failover may lose.
   * @throws RedisUnavailableError when Redis could not carry it out
   */
  writeUnconfirmed<T>(operation: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.trace(operation, this.writer, command);
  }

  private trace<T>(
    operation: string,
    client: RedisClient,
    command: (client: RedisClient) => Promise<T>,
  ): Promise<T> {
    if (redisOperations.hasSubscribers) {
      return redisOperations.tracePromise(() => this.measure(operation, client, command), {
        operation,
      });
    }
    return this.measure(operation, client, command);
  }

  private measure<T>(
    operation: string,
    client: RedisClient,
    command: (client: RedisClient) => Promise<T>,
  ): Promise<T> {
    const duration = redisCommandDuration.series(operation);
    const start = performance.now();
    return command(client).then(
      (result) => {
        duration.observe((performance.now() - start) / 1000);
        this.availability.succeeded(operation);
        return result;
      },
      (error: unknown) => {
        duration.observe((performance.now() - start) / 1000);
        if (isMistake(error)) throw error;
        this.availability.failed(operation, error, client);
        throw new RedisUnavailableError(operation, error);
      },
    );
  }

  /**
   * Runs a write. With replicas, it answers only once REDIS_WRITE_REPLICAS of them have the write,
   * so that a failover cannot lose it.
   * @throws RedisUnavailableError when Redis could not carry it out, or too few replicas confirmed
   *   in time
   */
  write<T>(operation: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.replicated) return this.writeUnconfirmed(operation, command);
    return this.writeUnconfirmed(operation, async (client) => {
      if (!(client instanceof Redis)) return command(client);
      const { stream } = client;
      const result = await command(client);
      const replicas = await this.confirm(client);
      // Redis knows nothing of the writes of a former connection, and so cannot confirm them.
      if (replicas < this.writeReplicas || client.stream !== stream) {
        throw new Error('too few replicas confirmed the write');
      }
      return result;
    });
  }

  /**
   * How many replicas have everything that was written over the connection up to now. WAIT blocks
   * the connection, so that only one is sent at a time and all writes that come meanwhile share the
   * next.
   */
  private confirm(client: Redis): Promise<number> {
    this.nextConfirmation ??= this.confirmation
      .then(() => afterOthers())
      .then(() => {
        this.nextConfirmation = undefined;
        const confirmation = client.wait(this.writeReplicas, REPLICATION_TIMEOUT_MS);
        this.confirmation = confirmation.catch(() => {});
        return confirmation;
      });
    return this.nextConfirmation;
  }

  /** Keeps the connections for reads and for writes at the same master. */
  private pair(reader: Redis, writer: Redis): void {
    // Reads follow the writes to a new master, so that they see them.
    writer.on('ready', () => {
      const [read, written] = [reader, writer].map(
        ({ stream }) => `${stream?.remoteAddress} ${stream?.remotePort}`,
      );
      if (reader.status === 'ready' && read !== written) reader.disconnect(true);
    });
    // Most requests write before they read, and would wait for a master that hangs twice.
    writer.on('silent', () => void reader.ping().catch(() => {}));
    reader.on('ready', () => {
      this.reconnection = undefined;
    });
    // A read does not wait for the connection after a silent one, since it has waited already.
    reader.on('error', ({ message }) => {
      if (message.startsWith('No answer')) this.reconnection = Promise.resolve(false);
    });
  }

  /**
   * Whether Redis answers; of a cluster, any of its masters. Afterwards there is a connection to
   * each master that can be reached, which commands for it need. Never rejects: a failure answers
   * false.
   */
  answers(): Promise<boolean> {
    return this.read('ping', async (client) => {
      if (client instanceof Redis) return (await client.ping()) === 'PONG';
      const answers = await Promise.allSettled(client.nodes('master').map((node) => node.ping()));
      return client.status === 'ready' && answers.some(({ status }) => status === 'fulfilled');
    }).catch(() => false);
  }

  /** Runs an action whenever a connection comes up, and at once if one is up. */
  whenConnected(action: () => void): void {
    const connected = async () => {
      if (await this.answers()) action();
    };
    for (const client of this.clients) client.on('ready', connected);
    if (this.client.status === 'ready') void connected();
  }

  /** Nest calls this last, after the server has finished its requests. */
  onApplicationShutdown(): void {
    // The connections end on purpose, which is no failure.
    this.availability.follow(() => {});
    for (const client of this.clients) client.disconnect();
  }
}

/**
 * Whether a refusal means that the command was wrong. Redis also answers ERR when it has too many
 * clients, and to WAIT when it was made a replica a moment ago.
 */
function isMistake(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === 'ReplyError' &&
    /^(ERR (?!max number|WAIT )|WRONGTYPE)/.test(error.message)
  );
}
