import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal } from './http.server.ts';

/** What responses have in common that are observed in the same way. */
export interface ResponseKind {
  /** Undefined for a request that was refused before its method was known. */
  method: string | undefined;
  /** Template of the route; undefined when none matches. */
  route: string | undefined;
  status: number;
}

/** Looks at a response that has been sent. */
export type ResponseObserver = (
  request: Pick<FastifyRequest, 'id' | 'ip'> & Partial<Pick<FastifyRequest, 'actor' | 'subject'>>,
  reply: Pick<FastifyReply, 'elapsedTime'>,
) => void;

/** Makes the observer of a kind of responses, or undefined when they are of no interest. */
export type ObserverFactory = (kind: ResponseKind) => ResponseObserver | undefined;

/**
 * Observes every response. The observers of a kind are made once, when its first response is sent,
 * so that what its responses share is computed once.
 * @returns a function that observes a refusal in the same way
 */
export function observeResponses(
  fastify: FastifyInstance,
  factories: readonly ObserverFactory[],
): (refusal: Refusal) => void {
  fastify.addHook('onRoute', (route) => {
    const observe = routeObserver(route.url, factories);
    route.onResponse = [
      ...[route.onResponse ?? []].flat(),
      (request, reply, done) => {
        observe(request.method, reply.statusCode, request, reply);
        done();
      },
    ];
  });
  const observeOther = routeObserver(undefined, factories);
  fastify.addHook('onResponse', (request, reply, done) => {
    if (request.is404) observeOther(request.method, reply.statusCode, request, reply);
    done();
  });
  return ({ id, ip, status }) => observeOther(undefined, status, { id, ip }, { elapsedTime: 0 });
}

function routeObserver(route: string | undefined, factories: readonly ObserverFactory[]) {
  const kinds = new Map<string | undefined, ResponseObserver[][]>();
  return (
    method: string | undefined,
    status: number,
    request: Parameters<ResponseObserver>[0],
    reply: Parameters<ResponseObserver>[1],
  ): void => {
    let byStatus = kinds.get(method);
    if (!byStatus) {
      byStatus = [];
      kinds.set(method, byStatus);
    }
    byStatus[status] ??= factories.flatMap(
      (observerOf) => observerOf({ method, route, status }) ?? [],
    );
    for (const observe of byStatus[status]) observe(request, reply);
  };
}
