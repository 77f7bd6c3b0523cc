import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '#libs/config/config.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { cleanForwardedFor } from './client.address.ts';
import { answerPreflight, CORS_HEADERS, isPreflight, withdrawFromOthers } from './cors.headers.ts';
import { BODY_LIMIT, type HttpHandler, type HttpServer } from './http.server.ts';
import type { ProblemFilter } from './problem.filter.ts';
import type { TrustedProxies } from './trusted.proxies.ts';

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/**
 * Creates the Fastify adapter of every service.
 * @param isApi whether pages of any origin may use the service
 */
export function createAdapter(
  config: Config,
  filter: ProblemFilter,
  http: HttpServer,
  proxies: TrustedProxies,
  isApi: boolean,
): FastifyAdapter {
  const begin = (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    if (isApi) reply.headers(CORS_HEADERS);
  };
  const preflight = (request: FastifyRequest, reply: FastifyReply) =>
    answerPreflight(reply, filter.methodsOf(request.url.split('?', 1)[0] ?? ''));
  const adapter = new FastifyAdapter({
    // No Nest middleware is used, so requests need not pass the hook that looks for some.
    skipMiddie: true,
    bodyLimit: BODY_LIMIT,
    trustProxy: config.TRUSTED_PROXIES.length > 0 ? proxies.trusts : false,
    // A draining server answers what still reaches it; readiness has failed long before.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: requestId,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      // No hook runs for these.
      begin(request, reply);
      if (isApi && isPreflight(request)) preflight(request, reply);
      else filter.answer(error, request, reply);
    },
    serverFactory: (handler: HttpHandler) => http.create(handler),
    clientErrorHandler: (error, socket) => http.refuseMalformed(error, socket),
  });
  const server = adapter.getInstance();
  server.decorateRequest('isShared', isApi);
  server.addHook('onRequest', (request, reply, done) => {
    begin(request, reply);
    // Everything that asks for the client's address later must get one, whatever the client sent.
    const forwarded = request.headers['x-forwarded-for'];
    if (forwarded !== undefined)
      request.raw.headers['x-forwarded-for'] = cleanForwardedFor(String(forwarded));
    // A refusal is sent before the body is read, since nobody will use the body.
    const refusal = refusalOf(request, reply);
    if (refusal) filter.answer(refusal, request, reply);
    else if (request.isShared && isPreflight(request)) preflight(request, reply);
    else if (request.is404) filter.answer(new ProblemError('not-found'), request, reply);
    else done();
  });
  if (isApi) withdrawFromOthers(server);
  server.addHook('preClose', (done) => {
    // Otherwise the connection of a request in flight would stay open, and with it the process.
    server.server.keepAliveTimeout = 1;
    done();
  });
  acceptJson(server);
  return adapter;
}

/**
 * A Host field (RFC 9110, 7.2): a name or an address, and a port. Two fields are joined to one that
 * has a blank in it.
 */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-fA-F:.]+\])(?::\d*)?$/;

/** Why the header of a request is refused, whatever its resource is, or undefined. */
function refusalOf(
  { raw, headers }: FastifyRequest,
  reply: FastifyReply,
): ProblemError | undefined {
  const { host, expect } = headers;
  if (host === undefined ? raw.httpVersion === '1.1' : !HOST.test(host)) {
    return new ProblemError(
      'malformed-http',
      'The request must have one Host field, with a name or an address',
    );
  }
  if (
    expect !== undefined &&
    raw.httpVersion === '1.1' &&
    expect.toLowerCase() !== '100-continue'
  ) {
    return new ProblemError('expectation-failed');
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity' && hasBody(headers)) {
    reply.header('accept-encoding', 'identity');
    return new ProblemError('unsupported-media-type', 'The body must not be encoded');
  }
  // Fastify would otherwise parse a body of this type.
  if (raw.method === 'DELETE' && headers['content-type'] !== undefined && !hasBody(headers)) {
    delete headers['content-type'];
  }
  return undefined;
}

/** Whether a request says that it has a body. */
function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** The caller's id if it is harmless in a header and a log, else a new one. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/**
 * Parses bodies as JSON in strict UTF-8, also those that `curl -d` labels as a form, but not so
 * from a browser. Keys that would reach an object's prototype are refused.
 */
function acceptJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(
    ['application/json', 'application/x-www-form-urlencoded'],
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done) => {
      const { origin, 'content-type': type } = request.headers;
      // A browser sends a form of any page without a preflight, with a password that it remembers.
      if (origin !== undefined && !/^application\/json\b/i.test(type ?? '')) {
        done(new ProblemError('unsupported-media-type', 'A page must send JSON as JSON'));
        return;
      }
      let text: string;
      try {
        text = decoder.decode(body);
      } catch {
        done(new ProblemError('malformed-body', 'The body is not UTF-8'));
        return;
      }
      parse(request, text, (error, value) =>
        done(error ? new ProblemError('malformed-body') : null, value),
      );
    },
  );
}

/**
 * Tells which methods a path supports, from the routes registered so far, for answers with 405. As
 * in the router, a route without parameters comes before those with some, and one with text behind
 * a parameter before one without.
 */
export function trackMethods(server: FastifyInstance): (path: string) => string[] {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  server.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(
      `^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`,
    );
    const route = routes.get(url) ?? { pattern, methods: new Set() };
    routes.set(url, route);
    for (const name of [method].flat()) route.methods.add(name);
  });
  return (path) => {
    const matching = [...routes].filter(([, { pattern }]) => pattern.test(path));
    const longest = matching.sort(([a], [b]) => b.length - a.length)[0]?.[1];
    return [...((routes.get(path) ?? longest)?.methods ?? [])].sort();
  };
}
