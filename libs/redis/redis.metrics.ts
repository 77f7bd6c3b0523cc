import { DurationHistogram } from '#libs/metrics/duration.histogram.ts';

/** Seconds that Redis took for an operation of a repository, failed ones included. */
export const redisCommandDuration = new DurationHistogram({
  name: 'redis_command_duration_seconds',
  help: 'Time from the issue of a Redis operation to its answer or failure',
  labelNames: ['operation'],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
});
