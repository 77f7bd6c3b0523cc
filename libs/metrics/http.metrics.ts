import type { FastifyInstance, FastifyRequest } from 'fastify';
import { httpRequestDuration, httpRequestsInFlight } from './metrics.ts';

/** Label of requests that match no route, so that probing for paths makes one series. */
const NO_ROUTE = 'none';

/** Measures every request of a service by route template, never by path. */
export function measureRequests(fastify: FastifyInstance, service: string): void {
  const inFlight = httpRequestsInFlight.labels(service);
  const children = new Map<string, { observe(seconds: number): void }>();
  const durationOf = (request: FastifyRequest, statusCode: number) => {
    const route = request.routeOptions.url ?? NO_ROUTE;
    const status = `${Math.trunc(statusCode / 100)}xx`;
    const key = `${request.method} ${route} ${status}`;
    let child = children.get(key);
    if (!child) {
      child = httpRequestDuration.labels(service, request.method, route, status);
      children.set(key, child);
    }
    return child;
  };
  fastify.addHook('onRequest', (_request, _reply, done) => {
    inFlight.inc();
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    inFlight.dec();
    durationOf(request, reply.statusCode).observe(reply.elapsedTime / 1000);
    done();
  });
}
