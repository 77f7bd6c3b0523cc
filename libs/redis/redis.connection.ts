import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis } from 'ioredis';
import type { Config } from '#libs/config/config.ts';
import { reconnectDelay, SentinelConnector } from './sentinel.connector.ts';
import { giveUpSilent } from './silence.watch.ts';

/** A client of a single Redis, of the master behind Sentinels, or of a cluster: the same commands everywhere. */
export type RedisClient = Redis | Cluster;

/**
 * Chosen so that every failure of Redis answers fast: nothing is queued while the connection is down, nothing is sent
 * twice (a write whose answer was lost may have happened), and the reconnection comes within a second of Redis' return.
 */
const FAIL_FAST = {
  connectTimeout: 500,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  // By default a Redis that has loaded its data is seen up to 10 s later.
  maxLoadingRetryTime: 500,
  // A command that Redis 7.0 does not know: no rule of an ACL could name it. Who a client is, its user says.
  disableClientInfo: true,
  retryStrategy: reconnectDelay,
} as const;

/**
 * Opens a connection as the configuration says. It reconnects for ever by itself; a command issued meanwhile is rejected at once.
 * @param patienceMs how long Redis may be silent while a command waits for its answer, in milliseconds; more for a
 *   connection that blocks on a stream
 */
export function connectRedis(config: Config, patienceMs = 600): RedisClient {
  const client = createClient(config);
  if (client instanceof Cluster)
    client.on('+node', (node: Redis) => giveUpSilent(node, patienceMs));
  else giveUpSilent(client, patienceMs);
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
      // By default a command whose answer was lost is sent again, and one that meets a cluster that is down sixteen times.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
    });
  }
  const single = { ...options, db: config.REDIS_DB };
  // Auto-pipelining halves Redis' own work under load; a cluster client would leak raw MOVED errors with it.
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

/** Where the configuration says that Redis is, for people. */
export function redisAddress({
  REDIS_HOST,
  REDIS_PORT,
  REDIS_SENTINELS,
  REDIS_CLUSTER,
}: Config): string {
  const nodes = [...REDIS_SENTINELS, ...REDIS_CLUSTER].map(({ host, port }) => `${host}:${port}`);
  return nodes.join(', ') || `${REDIS_HOST}:${REDIS_PORT}`;
}

/** Options of a client; without a password it does not log in. */
function login(username: string | undefined, password: string | undefined) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
}

/** Options of a client; a certificate of Redis that is not as they say ends the connection. */
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
