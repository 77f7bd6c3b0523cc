import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '#libs/config/config.ts';
import { cleanForwardedFor } from '#libs/throttling/client.address.ts';
import type { TrustedProxies } from '#libs/throttling/trusted.proxies.ts';
import type { ProblemName } from './problem.catalogue.ts';
import type { ProblemFilter } from './problem.filter.ts';
import { PROBLEM_CONTENT_TYPE, ProblemError, problemDetails } from './problem.ts';

/** Largest body accepted, in bytes. */
export const BODY_LIMIT = 64 * 1024;

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** What Node's HTTP parser refuses before there is a request. */
const CLIENT_ERRORS: Readonly<Record<string, ProblemName>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** The HTTP server of every service. */
export function createAdapter(config: Config, filter: ProblemFilter, proxies: TrustedProxies): FastifyAdapter {
  const adapter = new FastifyAdapter({
    // No Nest middleware is used, so the hook that would look for some is left out of the request path.
    skipMiddie: true,
    bodyLimit: BODY_LIMIT,
    requestTimeout: 10_000,
    trustProxy: config.TRUSTED_PROXIES.length > 0 ? proxies.trusts : false,
    // A draining server finishes what reaches it: readiness has failed long before.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: requestId,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      filter.answer(error, request, reply),
    clientErrorHandler: (error, socket) => {
      if ('code' in error && error.code === 'ECONNRESET') return;
      if (socket.writable)
        socket.write(rawProblem(new ProblemError(CLIENT_ERRORS[String(error.code)] ?? 'malformed-http')));
      socket.destroy(error);
    },
  });
  const server = adapter.getInstance();
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    // Before anything asks for the client's address: that must be one, whatever the client has written.
    const forwarded = request.headers['x-forwarded-for'];
    if (forwarded !== undefined) request.raw.headers['x-forwarded-for'] = cleanForwardedFor(String(forwarded));
    // Answered before a body is read: nobody will want it.
    if (request.is404) filter.answer(new ProblemError('not-found'), request, reply);
    else done();
  });
  server.addHook('preClose', (done) => {
    // Else the connection of a request that is under way now would stay, idle, and hold the process for a minute.
    server.server.keepAliveTimeout = 1;
    done();
  });
  acceptJson(server);
  return adapter;
}

/** The caller's id if it is harmless in a header and a log, else a new one. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/**
 * Parses bodies as JSON in strict UTF-8, also those that `curl -d` labels as a form. Keys that would reach an object's prototype are refused.
 */
function acceptJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(
    ['application/json', 'application/x-www-form-urlencoded'],
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done) => {
      let text: string;
      try {
        text = decoder.decode(body);
      } catch {
        done(new ProblemError('malformed-body', 'The body is not UTF-8'));
        return;
      }
      parse(request, text, (error, value) => done(error ? new ProblemError('malformed-body') : null, value));
    },
  );
}

/**
 * Tells which methods a path supports, from the routes registered so far; for answers with 405. As in the router, a route without parameters
 * comes before those with some.
 */
export function trackMethods(server: FastifyInstance): (path: string) => string[] {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  server.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')}$`);
    const route = routes.get(url) ?? { pattern, methods: new Set() };
    routes.set(url, route);
    for (const name of [method].flat()) route.methods.add(name);
  });
  return (path) => {
    const route = routes.get(path) ?? [...routes.values()].find(({ pattern }) => pattern.test(path));
    return [...(route?.methods ?? [])].sort();
  };
}

function rawProblem(problem: ProblemError): string {
  const body = JSON.stringify(problemDetails(problem, randomUUID()));
  return [
    `HTTP/1.1 ${problem.status} ${problem.problem}`,
    `content-type: ${PROBLEM_CONTENT_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
