import { Cluster, Redis } from 'ioredis';
import type { Config } from '#libs/config/config.ts';
import { connectRedis, type RedisClient, redisAddress } from './redis.connection.ts';

/** Why a socket fails, by the code of its error. */
const SOCKET_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'unknown host',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'no answer',
  ECONNRESET: 'cut off',
  EPIPE: 'cut off',
};

/** What is known of a failure. */
interface Failure extends Error {
  code?: string;
  /** The reason that OpenSSL gives. */
  reason?: string;
}

/**
 * Names why Redis failed: `refused`, `TLS (...)`, or the code of its error, such as `WRONGPASS`.
 */
export function failureReason({ name, message, code = '', reason }: Failure): string {
  if (name === 'ReplyError') return /^(?!ERR\b)[A-Z]+(?= )/.exec(message)?.[0] ?? message;
  // Faults of certificates have OpenSSL's names, such as CERT_HAS_EXPIRED.
  if (/^(EPROTO|ERR_(SSL|TLS|OSSL)_.*|(?!E[A-Z]*_)[A-Z]+_.*)$/.test(code))
    return `TLS (${reason ?? code})`;
  if (message.includes('before secure TLS connection')) return 'TLS (cut off)';
  if (SOCKET_ERRORS[code]) return SOCKET_ERRORS[code];
  if (/timeout|timed out|no answer/i.test(message)) return 'no answer';
  return message === 'Connection is closed.' ? 'cut off' : message;
}

/** Tracks whether Redis can be used, and if not, why; reports each change once. */
export class RedisAvailability {
  readonly #config: Config;
  readonly #clients: readonly RedisClient[];
  /** Why a client has no connection. */
  readonly #away = new Map<RedisClient, string>();
  /** Why Redis refuses operations on a connected client, by operation; each uses one client. */
  readonly #refusals = new Map<string, { reason: string; client: RedisClient }>();
  #reported: string | undefined;
  #listener: (line: string, isGood: boolean) => void = () => {};
  /** A client that asks a node of the cluster why it cannot be used. */
  #probe: RedisClient | undefined;

  /**
   * @param clients all that lead to this Redis; of several without a connection, the first counts
   */
  constructor(config: Config, clients: readonly RedisClient[]) {
    this.#config = config;
    this.#clients = clients;
    for (const client of clients) {
      if (client instanceof Cluster) {
        client.on('error', () => {});
        client.on('reconnecting', () => this.#askNode(client));
        client.on('end', () => this.#probe?.disconnect());
      } else {
        this.#listen(client);
      }
      client.on('ready', () => {
        for (const [operation, refusal] of this.#refusals) {
          if (refusal.client === client) this.#refusals.delete(operation);
        }
        this.#setAway(client, undefined);
      });
    }
  }

  /** The problem as one line, or undefined while none is known. */
  get problem(): string | undefined {
    const address = `Redis at ${redisAddress(this.#config)}`;
    const away = this.#clients
      .map((client) => this.#away.get(client))
      .find((reason) => reason !== undefined);
    if (away !== undefined) return `${address} is away: ${away}`;
    const refusals = [
      ...new Set(Array.from(this.#refusals.values(), ({ reason }) => reason)),
    ].sort();
    return refusals.length > 0 ? `${address} refuses: ${refusals.join(', ')}` : undefined;
  }

  /**
   * Replaces the listener; it is called with each change, and with a problem that exists already.
   */
  follow(listener: (line: string, isGood: boolean) => void): void {
    this.#listener = listener;
    if (this.#reported !== undefined) listener(this.#reported, false);
  }

  /**
   * Notes that an operation failed. Without a connection that is a consequence of a known reason.
   */
  failed(operation: string, error: unknown, client: RedisClient): void {
    if (client.status !== 'ready' || (client instanceof Redis && !client.stream.writable)) return;
    this.#refusals.set(operation, { reason: failureReason(error as Failure), client });
    this.#report();
  }

  /** Notes that an operation has succeeded. */
  succeeded(operation: string): void {
    if (this.#refusals.size > 0 && this.#refusals.delete(operation)) this.#report();
  }

  /**
   * Learns from the events of a client why there is no connection.
   * @param of the client without a connection, if it is another
   */
  #listen(client: Redis, of: RedisClient = client): void {
    const { REDIS_TLS: tls } = this.#config;
    const is = (reason: string) => this.#setAway(of, reason);
    let isConnected = false;
    let isKnown = false;
    /** Connections in a row that were cut off before Redis sent anything. */
    let cuts = 0;
    client.on('connect', () => {
      isConnected = true;
      isKnown = false;
      // The client asks this as well, but emits nothing until Redis has loaded its data.
      const note = (info: string) =>
        /^loading:1/m.test(info) && client.status === 'connect' && is('LOADING');
      client.info('persistence').then(note, () => {});
    });
    client.on('ready', () => {
      isConnected = false;
      cuts = 0;
    });
    client.on('error', (error: Failure) => {
      isKnown = true;
      const reason = failureReason(error);
      cuts = isConnected && /^(cut off|Protocol error)/.test(reason) ? cuts + 1 : 0;
      // A Redis without TLS waits for the rest of the handshake. One with TLS closes a connection
      // without it, or answers in TLS.
      if (tls && !isConnected && reason === 'no answer') is('no answer by TLS');
      else if (!tls && cuts > 1) is('TLS (Redis seems to want it)');
      else if (cuts === 0) is(reason);
    });
    client.on('close', () => {
      if (isConnected && !isKnown) is('cut off');
      isConnected = false;
    });
  }

  /**
   * Asks the first configured node why the cluster cannot be used, which its client does not tell.
   */
  #askNode(cluster: Cluster): void {
    const [node] = this.#config.REDIS_CLUSTER;
    if (this.#probe || !node) return;
    const probe = connectRedis({
      ...this.#config,
      REDIS_CLUSTER: [],
      REDIS_HOST: node.host,
      REDIS_PORT: node.port,
    });
    this.#probe = probe;
    const end = () => {
      this.#probe = undefined;
      probe.disconnect();
    };
    if (probe instanceof Redis) this.#listen(probe, cluster);
    probe.once('close', end);
    probe.once('ready', async () => {
      const isDown = (state: unknown) =>
        !String(state).includes('cluster_state:ok') && 'CLUSTERDOWN';
      const reason = await (probe as Redis).cluster('INFO').then(isDown, failureReason);
      if (reason) this.#setAway(cluster, reason);
      end();
    });
  }

  #setAway(client: RedisClient, away: string | undefined): void {
    if (away === undefined) this.#away.delete(client);
    else this.#away.set(client, away);
    this.#report();
  }

  #report(): void {
    const { problem } = this;
    if (problem === this.#reported) return;
    this.#reported = problem;
    this.#listener(
      problem ?? `Redis at ${redisAddress(this.#config)} is back`,
      problem === undefined,
    );
  }
}
