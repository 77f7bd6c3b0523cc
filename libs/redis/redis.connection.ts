import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis } from 'ioredis';
import type { Config } from '#libs/config/config.ts';
import { reconnectDelay, SentinelConnector } from './sentinel.connector.ts';
import { giveUpSilent } from './silence.watch.ts';

/**
 * A client of one Redis, of the master behind Sentinels, or of a cluster, with the same commands.
 */
export type RedisClient = Redis | Cluster;

/**
 * Lets every failure of Redis answer fast: nothing is queued while the connection is down, nothing
 * is sent twice (a write whose answer was lost may have happened), and the client reconnects within
 * a second of Redis' return.
 */
const FAIL_FAST = {
  connectTimeout: 500,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  // By default the client may notice only after 10 s that Redis has loaded its data.
  maxLoadingRetryTime: 500,
  // Redis 7.0 has no CLIENT SETINFO, so that no ACL could allow it. The user identifies the client.
  disableClientInfo: true,
  retryStrategy: reconnectDelay,
} as const;

/**
 * Opens a connection as the configuration says. It reconnects by itself, without end; a command
 * issued meanwhile is rejected at once.
 * @param maxSilenceMs how long Redis may be silent while a command waits for its answer; more for a
 *   connection that blocks on a stream
 */
export function connectRedis(config: Config, maxSilenceMs = 600): RedisClient {
  const client = createClient(config);
  if (client instanceof Cluster) {
    client.on('+node', (node: Redis) => {
      giveUpSilent(node, maxSilenceMs);
      // A request needs several nodes, and would wait for one after the other if all hang.
      node.on('silent', () => {
        for (const other of client.nodes()) if (other !== node) void other.ping().catch(() => {});
      });
    });
  } else giveUpSilent(client, maxSilenceMs);
  return client;
}

function createClient(config: Config): RedisClient {
  const options = {
    ...FAIL_FAST,
    ...login(config.REDIS_USERNAME, config.REDIS_PASSWORD),
    ...tls(config),
  };
  if (config.REDIS_CLUSTER.length > 0) {
    return new Cluster([...config.REDIS_CLUSTER], {
      redisOptions: options,
      enableOfflineQueue: false,
      clusterRetryStrategy: FAIL_FAST.retryStrategy,
      slotsRefreshTimeout: 1000,
      // By default a command whose answer was lost is sent again, and one that meets a cluster that
      // is down sixteen times.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
    });
  }
  const single = { ...options, db: config.REDIS_DB };
  // Auto-pipelining halves Redis' own work under load. With it, a cluster client would pass on
  // MOVED.
  if (config.REDIS_SENTINELS.length > 0) {
    const access = {
      ...login(config.REDIS_SENTINEL_USERNAME, config.REDIS_SENTINEL_PASSWORD),
      ...tls(config),
    };
    const Connector = class extends SentinelConnector {
      constructor() {
        super(config.REDIS_SENTINELS, access);
      }
    };
    return new Redis({ ...single, enableAutoPipelining: true, Connector });
  }
  return new Redis({
    ...single,
    enableAutoPipelining: true,
    host: config.REDIS_HOST,
    port: config.REDIS_PORT,
  });
}

/** The configured address of Redis, for messages. */
export function redisAddress({
  REDIS_HOST,
  REDIS_PORT,
  REDIS_SENTINELS,
  REDIS_CLUSTER,
}: Config): string {
  const nodes = [...REDIS_SENTINELS, ...REDIS_CLUSTER].map(({ host, port }) => `${host}:${port}`);
  return nodes.join(', ') || `${REDIS_HOST}:${REDIS_PORT}`;
}

/** Login options of a client; without a password it does not log in. */
function login(username: string | undefined, password: string | undefined) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
}

/** TLS options of a client, which closes a connection whose certificate does not match them. */
function tls(config: Config): { tls?: ConnectionOptions } {
  if (!config.REDIS_TLS) return {};
  const {
    REDIS_TLS_CA: ca,
    REDIS_TLS_CERT: cert,
    REDIS_TLS_KEY: key,
    REDIS_TLS_SERVERNAME: servername,
  } = config;
  return {
    tls: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(servername && { servername }),
    },
  };
}
