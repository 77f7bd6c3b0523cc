import type { IncomingHttpHeaders } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Counter } from 'prom-client';
import { PROBLEMS, type ProblemName } from '#libs/problem/problem.catalogue.ts';
import { PROBLEM_CONTENT_TYPE, ProblemError, problemDetails } from '#libs/problem/problem.ts';
import { RedisUnavailableError } from '#libs/redis/redis.service.ts';

/** Requests refused because their credentials were missing or wrong. */
const unauthorizedRequests = new Counter({
  name: 'unauthorized_requests_total',
  help: 'Requests refused with 401 because their credentials were missing or wrong',
});

/** Writes refused because Redis' memory is full. */
const writesRefused = new Counter({
  name: 'writes_refused_full_total',
  help: "Writes refused with 503 because Redis' memory is full",
});

/** Fastify's own refusals by error code; all others are mapped by status. */
const FASTIFY_ERRORS: Readonly<Record<string, ProblemName>> = {
  FST_ERR_BAD_URL: 'malformed-url',
  FST_ERR_MAX_PARAM_LENGTH: 'url-too-long',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_TYPE: 'unsupported-media-type',
};

const BY_STATUS = new Map<number, ProblemName>(
  Object.entries(PROBLEMS).map(([name, { status }]) => [status, name as ProblemName]),
);
BY_STATUS.set(400, 'malformed-body').set(503, 'not-ready');

/** The connection is closed after these problems. */
const CLOSING = new Set<ProblemName>(['malformed-http', 'request-timeout', 'expectation-failed']);

/**
 * The access log shows these, and what is wrong with Redis or another service is logged once. A
 * line for every request would fill the log.
 */
const TOLD = new Set<ProblemName>([
  'not-ready',
  'busy',
  'unavailable',
  'full',
  'search-unavailable',
]);

const BEARER = 'Bearer realm="quotes"';
/** In a line of its own, since Chromium reads only the first challenge of a line. */
const BASIC = 'Basic realm="quotes", charset="UTF-8"';

/**
 * Whether a script in a browser sent the request. The script shows the answer itself, whereas a
 * Basic challenge would make the browser ask for a password.
 */
function isScript(headers: IncomingHttpHeaders): boolean {
  const destination = headers['sec-fetch-dest'];
  if (destination !== undefined) return destination === 'empty';
  if (headers['x-requested-with'] !== undefined) return true;
  // Browsers send Sec-Fetch-Dest to HTTPS and localhost only.
  return /^Mozilla\//.test(headers['user-agent'] ?? '') && !acceptsPages(headers);
}

function acceptsPages(headers: IncomingHttpHeaders): boolean {
  return /\btext\/html\b/.test(headers.accept ?? '');
}

/** Sends a problem as a page; the status and the request id are set already. */
export type ProblemPage = (
  problem: ProblemError,
  request: FastifyRequest,
  reply: FastifyReply,
) => void;

/** Turns every error into a problem document, and logs what is the service's own fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  /** Which methods a path supports; set once the server exists. */
  methodsOf: (path: string) => string[] = () => [];

  /** How an app with pages shows a problem to a browser. */
  page: ProblemPage | undefined;

  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const [request, reply] = host.getArgs<[FastifyRequest, FastifyReply]>();
    this.answer(error, request, reply);
  }

  /** Sends the problem document for an error. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    let problem = toProblem(error);
    // A client over its limit is told nothing but that: its answer has the fields of a 429.
    const isFinal = problem.status === 429 || problem.status >= 500;
    const methods = isFinal ? [] : this.methodsOf(request.url.split('?', 1)[0] ?? '');
    // A method that the resource lacks is reported before any other error. The request may have
    // matched another route, as DELETE /quotes/random matches /quotes/:id.
    if (methods.length > 0 && !methods.includes(request.method)) {
      reply.header('allow', methods.join(', '));
      problem = new ProblemError('method-not-allowed');
    }
    if (problem.status >= 500 && !TOLD.has(problem.problem)) {
      this.logger.error(
        { request_id: request.id, err: error },
        error instanceof Error ? error.message : problem.message,
      );
    }
    if (problem.status === 401) {
      unauthorizedRequests.inc();
      reply.header('www-authenticate', isScript(request.headers) ? BEARER : [BEARER, BASIC]);
    }
    if (problem.status === 503) reply.header('retry-after', 1);
    // What follows on the connection would be the rest of a request that was not read.
    if (CLOSING.has(problem.problem)) reply.header('connection', 'close');
    reply.code(problem.status).header('x-request-id', request.id);
    if (this.page && acceptsPages(request.headers)) {
      this.page(problem, request, reply);
      return;
    }
    reply
      .header('content-type', PROBLEM_CONTENT_TYPE)
      .header('cache-control', 'no-store')
      .send(JSON.stringify(problemDetails(problem, request.id)));
  }
}

function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof RedisUnavailableError) {
    if (!(error.cause instanceof Error && /^OOM /.test(error.cause.message)))
      return new ProblemError('unavailable');
    writesRefused.inc();
    return new ProblemError('full');
  }
  if (error instanceof HttpException) {
    const details: unknown = error.getResponse();
    const checks =
      details !== null && typeof details === 'object' && 'details' in details
        ? { checks: details.details }
        : {};
    return new ProblemError(BY_STATUS.get(error.getStatus()) ?? 'internal', undefined, checks);
  }
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    const name = FASTIFY_ERRORS[code] ?? BY_STATUS.get(error.statusCode);
    if (name && PROBLEMS[name].status < 500) return new ProblemError(name);
  }
  return new ProblemError('internal');
}
