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
  retryStrategy: reconnectDelay,
} as const;

/**
 * Opens a connection as the configuration says. It reconnects for ever by itself; a command issued meanwhile is rejected at once.
 * @param patienceMs how long Redis may be silent while a command waits for its answer, in milliseconds; more for a
 *   connection that blocks on a stream
 */
export function connectRedis(config: Config, patienceMs = 400): RedisClient {
  const client = createClient(config);
  if (client instanceof Cluster) client.on('+node', (node: Redis) => giveUpSilent(node, patienceMs));
  else giveUpSilent(client, patienceMs);
  return client;
}

function createClient(config: Config): RedisClient {
  const password = config.REDIS_PASSWORD === undefined ? {} : { password: config.REDIS_PASSWORD };
  const options = { ...FAIL_FAST, ...password };
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
    const Connector = class extends SentinelConnector {
      constructor() {
        super(config.REDIS_SENTINELS);
      }
    };
    return new Redis({ ...single, enableAutoPipelining: true, Connector });
  }
  return new Redis({ ...single, enableAutoPipelining: true, host: config.REDIS_HOST, port: config.REDIS_PORT });
}
