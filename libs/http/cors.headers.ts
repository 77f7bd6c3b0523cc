import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the answer is for pages of any origin, and for caches. */
    isShared: boolean;
  }
}

/**
 * Lets a page of any origin read an answer (the CORS protocol of the Fetch Standard), but never
 * with what its browser remembers of the visitor: there is no `Access-Control-Allow-Credentials`.
 * The fields exposed are those that a browser hides otherwise.
 */
export const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'allow, etag, location, ratelimit-limit, ratelimit-policy, ratelimit-remaining, ' +
    'ratelimit-reset, retry-after, x-request-id',
} as const;

const ALLOWED_HEADERS = 'authorization, content-type, if-match, if-none-match';
/** How long a browser may remember an answer to a preflight; Chromium takes no more. */
const MAX_AGE_SECONDS = 7200;

/** What a service tells of itself, to its operators and on its own page, is for no other page. */
const OPERATIONS = /^\/(?:healthz|readyz|version|metrics|docs)(?:$|\/)/;

/** Keeps what operators are told from pages of other origins. */
export function withdrawFromOthers(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    // The template of a route is compared: the path of a request may be written in many ways.
    if (!OPERATIONS.test(route.url)) return;
    route.onRequest = [
      ...[route.onRequest ?? []].flat(),
      (request, reply, done) => {
        request.isShared = false;
        for (const name of Object.keys(CORS_HEADERS)) reply.removeHeader(name);
        done();
      },
    ];
  });
}

/** Whether a browser asks, before it sends a request, whether it may (CORS-preflight request). */
export function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/**
 * Answers a preflight, which costs no guard, no limit and no Redis.
 * @param methods those of the resource; a page that asks for an unknown one is allowed to see that
 */
export function answerPreflight(reply: FastifyReply, methods: readonly string[]): void {
  reply
    .header('access-control-allow-methods', methods.join(', ') || 'GET, HEAD')
    .header('access-control-allow-headers', ALLOWED_HEADERS)
    .header('access-control-max-age', MAX_AGE_SECONDS)
    .code(204)
    .send();
}
