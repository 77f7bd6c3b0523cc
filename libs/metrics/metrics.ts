import { Counter, Gauge } from 'prom-client';
import { DurationHistogram } from './duration.histogram.ts';

/** Seconds from request to response, by service, method, route template and status class. */
export const httpRequestDuration = new DurationHistogram({
  name: 'http_request_duration_seconds',
  help: 'Time from the arrival of a request to the end of its response',
  labelNames: ['service', 'method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
});

/** Seconds that Redis took for an operation of a repository, failed ones included. */
export const redisCommandDuration = new DurationHistogram({
  name: 'redis_command_duration_seconds',
  help: 'Time from the issue of a Redis operation to its answer or failure',
  labelNames: ['operation'],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
});

/** Requests refused because their client made too many. */
export const throttledRequests = new Counter({
  name: 'throttled_requests_total',
  help: 'Requests refused with 429 because their client made too many',
});

/** Requests let pass uncounted because Redis was away. */
export const throttleFailures = new Counter({
  name: 'throttle_failures_total',
  help: 'Requests let pass uncounted because Redis was away',
});

/** Requests refused because their credentials were missing or wrong. */
export const unauthorizedRequests = new Counter({
  name: 'unauthorized_requests_total',
  help: 'Requests refused with 401 because their credentials were missing or wrong',
});

/** Logins of users, by what became of them; those that were remembered from a moment ago are not counted. */
export const logins = new Counter({
  name: 'logins_total',
  help: 'Logins of users whose password was checked, or refused unchecked, by what became of them',
  labelNames: ['outcome'] as const,
});
for (const outcome of ['verified', 'failed', 'refused']) logins.inc({ outcome }, 0);

/** Writes refused because Redis' memory is full. */
export const writesRefused = new Counter({
  name: 'writes_refused_full_total',
  help: "Writes refused with 503 because Redis' memory is full",
});

/** Connections closed because they held what others need: `crowded` idle or slow ones, `unread` those whose clients do not read. */
export const connectionsCut = new Counter({
  name: 'http_connections_cut_total',
  help: 'Connections closed because they held what others need',
  labelNames: ['reason'] as const,
});

/** Always 1; the labels say what is running. */
export const buildInfo = new Gauge({
  name: 'build_info',
  help: 'Always 1; the labels say what is running',
  labelNames: ['service', 'version', 'commit', 'node'] as const,
});
