import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { InjectThrottlerStorage, type ThrottlerStorage } from '@nestjs/throttler';
import { THROTTLER_SKIP } from '@nestjs/throttler/dist/throttler.constants.js';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Counter } from 'prom-client';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { clientOf } from '#libs/http/client.address.ts';
import { PROBLEM_CONTENT_TYPE, ProblemError, problemDetails } from '#libs/problem/problem.ts';
import { READ_AHEAD, type ReadAheadWhen } from './read-ahead.decorator.ts';

/** Requests refused because their client made too many. */
const throttledRequests = new Counter({
  name: 'throttled_requests_total',
  help: 'Requests refused with 429 because their client made too many',
});

/** Metadata key of Nest's own `SkipThrottle`, which this guard honours as Nest's guard does. */
const SKIP = `${THROTTLER_SKIP}default`;

type Verdict = Awaited<ReturnType<ThrottlerStorage['increment']>>;

declare module 'fastify' {
  interface FastifyRequest {
    /** The pending verdict on a request whose handler reads ahead. */
    verdict: Promise<Verdict> | null;
  }
}

/**
 * Admits or refuses each request by its client's address: the peer, or the one that a trusted proxy
 * forwards; of IPv6, the /64. Answers carry the `RateLimit-*` fields of
 * draft-ietf-httpapi-ratelimit-headers-06, refusals also `Retry-After` (RFC 9110), in seconds.
 */
@Injectable()
export class ClientThrottlerGuard implements CanActivate {
  private readonly limit: number;
  private readonly windowMs: number;
  private readonly policy: string;

  constructor(
    @Inject(CONFIG) config: Config,
    @InjectThrottlerStorage() private readonly storage: ThrottlerStorage,
    private readonly reflector: Reflector,
  ) {
    this.limit = config.THROTTLE_LIMIT;
    this.windowMs = config.THROTTLE_WINDOW_SECONDS * 1000;
    this.policy = `${config.THROTTLE_LIMIT};w=${config.THROTTLE_WINDOW_SECONDS}`;
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.reflector.getAllAndOverride(SKIP, [context.getHandler(), context.getClass()]))
      return true;
    const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
    const client = clientOf(request.ip);
    const verdict = this.storage.increment(client, this.windowMs, this.limit, 0, 'default');
    const readsAhead = this.reflector.get<ReadAheadWhen>(READ_AHEAD, context.getHandler());
    if (readsAhead?.(request)) {
      request.verdict = verdict;
      return true;
    }
    return verdict.then((given) => {
      if (this.apply(given, reply)) throw new ProblemError('too-many-requests');
      return true;
    });
  }

  /** Withholds the answers that were read ahead for clients over the limit. */
  withhold(fastify: FastifyInstance): void {
    fastify.decorateRequest('verdict', null);
    fastify.addHook('onSend', (request, reply, payload, done) => {
      if (!request.verdict) {
        done(null, payload);
        return;
      }
      request.verdict.then((given) => {
        if (!this.apply(given, reply)) {
          done(null, payload);
          return;
        }
        reply.code(429).header('content-type', PROBLEM_CONTENT_TYPE).removeHeader('content-length');
        done(
          null,
          JSON.stringify(problemDetails(new ProblemError('too-many-requests'), request.id)),
        );
      }, done);
    });
  }

  /** Writes the verdict into the headers and tells whether it is a refusal. */
  private apply(verdict: Verdict, reply: FastifyReply): boolean {
    reply.header('ratelimit-limit', this.limit);
    reply.header('ratelimit-remaining', Math.max(0, this.limit - verdict.totalHits));
    reply.header('ratelimit-reset', verdict.timeToExpire);
    reply.header('ratelimit-policy', this.policy);
    if (!verdict.isBlocked) return false;
    throttledRequests.inc();
    reply.header('retry-after', verdict.timeToBlockExpire);
    return true;
  }
}
