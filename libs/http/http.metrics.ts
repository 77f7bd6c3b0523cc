import type { FastifyInstance } from 'fastify';
import { Gauge } from 'prom-client';
import { DurationHistogram } from '#libs/metrics/duration.histogram.ts';
import type { ObserverFactory } from './response.observer.ts';

/** Seconds from request to response, by service, method, route template and status class. */
const httpRequestDuration = new DurationHistogram({
  name: 'http_request_duration_seconds',
  help: 'Time from the arrival of a request to the end of its response',
  labelNames: ['service', 'method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
});

/**
 * Label of requests that match no route, so that probing for paths makes one series, and of
 * requests that were refused before they could be read.
 */
const UNKNOWN = 'none';

/** Measures every request of a service by route template, never by path. */
export function measureRequests(fastify: FastifyInstance, service: string): ObserverFactory {
  let inFlight = 0;
  new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests being answered now',
    labelNames: ['service'],
    collect() {
      this.set({ service }, inFlight);
    },
  });
  const release = () => {
    inFlight -= 1;
  };
  fastify.addHook('onRequest', (_request, reply, done) => {
    inFlight += 1;
    // Unlike the hook for responses, this event comes also when the client leaves early.
    reply.raw.on('close', release);
    done();
  });
  return ({ method = UNKNOWN, route = UNKNOWN, status }) => {
    const series = httpRequestDuration.series(
      service,
      method,
      route,
      `${Math.trunc(status / 100)}xx`,
    );
    return (_request, reply) => series.observe(reply.elapsedTime / 1000);
  };
}
