import { tracingChannel } from 'node:diagnostics_channel';
import { setImmediate as afterOthers } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { redisCommandDuration } from '#libs/metrics/metrics.ts';
import { RedisAvailability } from './redis.availability.ts';
import { connectRedis, type RedisClient } from './redis.connection.ts';
import { defineScripts } from './redis.scripts.ts';

/**
 * Tells whoever listens, as a tracer does, of every operation. The client's own channel would not do: it speaks when a pipeline is flushed, and that is in the
 * context of whichever request came first.
 */
export const redisOperations = tracingChannel<unknown, { operation: string; error?: unknown }>('quotes-platform:redis');

/** How long a confirmation by a replica may take, in milliseconds: a write may wait for two before it gets one of its own, and all must be over within a second. */
const REPLICATION_TIMEOUT_MS = 250;

/** Redis is away, overloaded, loading, failing over or refusing writes: the caller may try again. */
export class RedisUnavailableError extends Error {
  constructor(operation: string, cause: unknown) {
    super(`Redis did not carry out "${operation}"`, { cause });
  }
}

/** The connection of an app and the one way to use it: measured, and with every failure told apart from a bug. */
@Injectable()
export class RedisService implements OnApplicationShutdown {
  readonly client: RedisClient;
  readonly availability: RedisAvailability;
  private readonly replicated: boolean;
  /** Replicas that must have a write before it is acknowledged. */
  private readonly writeReplicas: number;
  /** The confirmation that is on its way, and the one that will be asked for next. */
  private confirmation: Promise<unknown> = Promise.resolve();
  private nextConfirmation: Promise<number> | undefined;

  constructor(@Inject(CONFIG) config: Config) {
    this.client = connectRedis(config);
    this.availability = new RedisAvailability(config, this.client);
    defineScripts(this.client);
    this.replicated = config.REDIS_SENTINELS.length > 0;
    this.writeReplicas = config.REDIS_WRITE_REPLICAS;
  }

  /**
   * Runs one command or script.
   * @param operation bounded name, the label of the duration metric
   * @throws RedisUnavailableError when Redis could not carry it out
   */
  run<T>(operation: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (redisOperations.hasSubscribers) {
      return redisOperations.tracePromise(() => this.measure(operation, command), { operation });
    }
    return this.measure(operation, command);
  }

  private measure<T>(operation: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    const duration = redisCommandDuration.series(operation);
    const start = performance.now();
    return command(this.client).then(
      (result) => {
        duration.observe((performance.now() - start) / 1000);
        this.availability.succeeded(operation);
        return result;
      },
      (error: unknown) => {
        duration.observe((performance.now() - start) / 1000);
        if (isMistake(error)) throw error;
        this.availability.failed(operation, error);
        throw new RedisUnavailableError(operation, error);
      },
    );
  }

  /**
   * Runs a write and, where replicas exist, answers only once REDIS_WRITE_REPLICAS of them have it, so that a failover cannot lose it.
   * @throws RedisUnavailableError when Redis could not carry it out, or too few replicas confirmed in time
   */
  write<T>(operation: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.replicated) return this.run(operation, command);
    return this.run(operation, async (client) => {
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

  /**
   * Whether Redis answers; of a cluster, any of its masters. By then there is a connection to each that can be reached: while one is being made, commands for
   * its node fail. Never rejects: a failure is a no.
   */
  answers(): Promise<boolean> {
    return this.run('ping', async (client) => {
      const nodes = client instanceof Redis ? [client] : client.nodes('master');
      const answers = await Promise.allSettled(nodes.map((node) => node.ping()));
      return client.status === 'ready' && answers.some(({ status }) => status === 'fulfilled');
    });
  }

  /** Runs an action whenever the connections come up, and at once if they are up. */
  whenConnected(action: () => void): void {
    const connected = async () => {
      if (await this.answers()) action();
    };
    this.client.on('ready', connected);
    if (this.client.status === 'ready') void connected();
  }

  /** Nest calls this last, after the server has finished its requests. */
  onApplicationShutdown(): void {
    // An end of our own is no failure.
    this.availability.follow(() => {});
    this.client.disconnect();
  }
}

/** A refusal that means our command was wrong, and not that Redis has too many clients, or was made a replica a moment ago, where WAIT is an error. */
function isMistake(error: unknown): boolean {
  return (
    error instanceof Error && error.name === 'ReplyError' && /^(ERR (?!max number|WAIT )|WRONGTYPE)/.test(error.message)
  );
}
