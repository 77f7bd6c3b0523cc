import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What responses have in common that are observed in the same way. */
export interface ResponseKind {
  method: string;
  /** Template of the route; undefined for what matches none. */
  route: string | undefined;
  status: number;
}

/** Looks at a response that has been sent. */
export type ResponseObserver = (request: FastifyRequest, reply: FastifyReply) => void;

/** Makes the observer of the responses of a kind, when the first one is sent; undefined when it has no interest in them. */
export type ObserverFactory = (kind: ResponseKind) => ResponseObserver | undefined;

/** Has every response observed, by observers of its kind: what is the same for all of a kind is worked out once. */
export function observeResponses(fastify: FastifyInstance, factories: readonly ObserverFactory[]): void {
  fastify.addHook('onRoute', (route) => {
    const observe = routeObserver(route.url, factories);
    route.onResponse = [
      ...[route.onResponse ?? []].flat(),
      (request, reply, done) => {
        observe(request, reply);
        done();
      },
    ];
  });
  const observeOther = routeObserver(undefined, factories);
  fastify.addHook('onResponse', (request, reply, done) => {
    if (request.is404) observeOther(request, reply);
    done();
  });
}

function routeObserver(route: string | undefined, factories: readonly ObserverFactory[]): ResponseObserver {
  const kinds = new Map<string, ResponseObserver[][]>();
  return (request, reply) => {
    const { method } = request;
    const status = reply.statusCode;
    let byStatus = kinds.get(method);
    if (!byStatus) {
      byStatus = [];
      kinds.set(method, byStatus);
    }
    byStatus[status] ??= factories.flatMap((observerOf) => observerOf({ method, route, status }) ?? []);
    for (const observe of byStatus[status]) observe(request, reply);
  };
}
