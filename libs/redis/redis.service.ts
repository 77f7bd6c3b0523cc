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
 * Tells whoever listens, as a tracer does, of every operation. The client's own channel would not do: it speaks when a pipeline is flushed, and that is in the
 * context of whichever request came first.
 */
export const redisOperations = tracingChannel<unknown, { operation: string; error?: unknown }>(
  'quotes-platform:redis',
);

/** How long a confirmation by a replica may take, in milliseconds: a write may wait for two before it gets one of its own, and all must be over within a second. */
const REPLICATION_TIMEOUT_MS = 250;

/** Redis is away, overloaded, loading, failing over or refusing writes: the caller may try again. */
export class RedisUnavailableError extends Error {
  constructor(operation: string, cause: unknown) {
    super(`Redis did not carry out "${operation}"`, { cause });
  }
}

/** How long a read waits for the next connection when its own is lost, in milliseconds: a master that hands over is left for another in less. */
const RECONNECTION_MS = 400;

/** The connections of an app and the one way to use them: measured, and with every failure told apart from a bug. */
@Injectable()
export class RedisService implements OnApplicationShutdown {
  readonly client: RedisClient;
  readonly availability: RedisAvailability;
  /**
   * Carries what writes. A master that hands over holds writes back for a second, and with them every answer behind them on
   * the same connection; reads go on beside them. Where there is nobody to hand over to, it is the same connection.
   */
  private readonly writer: RedisClient;
  private readonly clients: readonly RedisClient[];
  private readonly replicated: boolean;
  /** Replicas that must have a write before it is acknowledged. */
  private readonly writeReplicas: number;
  /** The confirmation that is on its way, and the one that will be asked for next. */
  private confirmation: Promise<unknown> = Promise.resolve();
  private nextConfirmation: Promise<number> | undefined;
  /** Whether the lost connection of the reads comes back soon; undefined while there is one. */
  private reconnection: Promise<boolean> | undefined;

  /** @param patienceMs how long Redis may be silent, for an app that nobody waits for; a service's own is short */
  constructor(@Inject(CONFIG) config: Config, @Optional() patienceMs?: number) {
    this.replicated = config.REDIS_SENTINELS.length > 0;
    this.writeReplicas = config.REDIS_WRITE_REPLICAS;
    this.client = connectRedis(config, patienceMs);
    this.writer = this.replicated ? connectRedis(config, patienceMs) : this.client;
    this.clients = this.replicated ? [this.client, this.writer] : [this.client];
    this.availability = new RedisAvailability(config, this.clients);
    if (this.replicated) this.pair(this.client as Redis, this.writer as Redis);
  }

  /** Makes the scripts of a feature callable on the clients that its commands are given. */
  define(scripts: Scripts): void {
    for (const client of this.clients) defineScripts(client, scripts);
  }

  /**
   * Runs a command or script that changes nothing; where there are replicas, once more when the connection is lost meanwhile.
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

  /** Waits for the connection of the reads; all who lose it together wait once, and who comes later in vain does not wait. */
  private reconnected(reader: Redis): Promise<boolean> {
    if (reader.status === 'ready' && reader.stream.writable) return Promise.resolve(true);
    this.reconnection ??= new Promise((resolve) => {
      const patience = setTimeout(resolve, RECONNECTION_MS, false);
      reader.once('ready', () => {
        clearTimeout(patience);
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
   * Runs a write and, where replicas exist, answers only once REDIS_WRITE_REPLICAS of them have it, so that a failover cannot lose it.
   * @throws RedisUnavailableError when Redis could not carry it out, or too few replicas confirmed in time
   */
  write<T>(operation: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.replicated) return this.writeUnconfirmed(operation, command);
    return this.writeUnconfirmed(operation, async (client) => {
      if (!(client instanceof Redis)) return command(client);
      const { stream } = client;
      const result = await command(client);
      const replicas = await this.confirm(client);
      // On another connection Redis knows of no writes to be confirmed.
      if (replicas < this.writeReplicas || client.stream !== stream) {
        throw new Error('too few replicas confirmed the write');
      }
      return result;
    });
  }

  /**
   * How many replicas have all that was written over the connection up to now. Redis does nothing else on the connection while it waits for them: so
   * there is one question at a time, and all writes that come meanwhile share the next.
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

  /** Has two connections to the same master know of each other. */
  private pair(reader: Redis, writer: Redis): void {
    // A write is seen by the reads after it: they go where it went.
    writer.on('ready', () => {
      const [read, written] = [reader, writer].map(
        ({ stream }) => `${stream?.remoteAddress} ${stream?.remotePort}`,
      );
      if (reader.status === 'ready' && read !== written) reader.disconnect(true);
    });
    // Most requests write before they read, so that they would find out twice that a master hangs, one patience after the other.
    writer.on('silent', () => void reader.ping().catch(() => {}));
    reader.on('ready', () => {
      this.reconnection = undefined;
    });
    // Nor do they wait for the connection after one that was silent: they have waited already.
    reader.on('error', ({ message }) => {
      if (message.startsWith('No answer')) this.reconnection = Promise.resolve(false);
    });
  }

  /**
   * Whether Redis answers; of a cluster, any of its masters. By then there is a connection to each that can be reached: while one is being made, commands for
   * its node fail. Never rejects: a failure is a no.
   */
  answers(): Promise<boolean> {
    return this.read('ping', async (client) => {
      if (client instanceof Redis) return (await client.ping()) === 'PONG';
      const answers = await Promise.allSettled(client.nodes('master').map((node) => node.ping()));
      return client.status === 'ready' && answers.some(({ status }) => status === 'fulfilled');
    }).catch(() => false);
  }

  /** Runs an action whenever the connections come up, and at once if they are up. */
  whenConnected(action: () => void): void {
    const connected = async () => {
      if (await this.answers()) action();
    };
    for (const client of this.clients) client.on('ready', connected);
    if (this.client.status === 'ready') void connected();
  }

  /** Nest calls this last, after the server has finished its requests. */
  onApplicationShutdown(): void {
    // An end of our own is no failure.
    this.availability.follow(() => {});
    for (const client of this.clients) client.disconnect();
  }
}

/** A refusal that means our command was wrong, and not that Redis has too many clients, or was made a replica a moment ago, where WAIT is an error. */
function isMistake(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === 'ReplyError' &&
    /^(ERR (?!max number|WAIT )|WRONGTYPE)/.test(error.message)
  );
}
