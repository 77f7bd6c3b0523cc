import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Optional,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { InjectThrottlerStorage, type ThrottlerStorage } from '@nestjs/throttler';
import { THROTTLER_SKIP } from '@nestjs/throttler/dist/throttler.constants.js';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Counter } from 'prom-client';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { clientOf } from '#libs/http/client.address.ts';
import { putProblem } from '#libs/http/problem.reply.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { KnownUsers } from './known.users.ts';
import { READ_AHEAD, type ReadAheadWhen } from './read-ahead.decorator.ts';
import { USER_CLIENT } from './throttle.keys.ts';

/** Requests refused because their client made too many. */
const throttledRequests = new Counter({
  name: 'throttled_requests_total',
  help: 'Requests refused with 429 because their client made too many',
});

/** Metadata key of Nest's own `SkipThrottle`, which this guard honours as Nest's guard does. */
const SKIP = `${THROTTLER_SKIP}default`;

/** Basic credentials (RFC 7617), which are those of users; an admin key comes otherwise. */
const BASIC = /^basic /i;

/** How many requests a client may make. */
interface Budget {
  limit: number;
  /** As `RateLimit-Policy` tells it. */
  policy: string;
}

type Verdict = Awaited<ReturnType<ThrottlerStorage['increment']>>;

declare module 'fastify' {
  interface FastifyRequest {
    /** The pending verdict on a request whose handler reads ahead. */
    verdict: Promise<Verdict> | null;
    /** The budget of the user who sends the request; null when it counts for its address. */
    budget: Budget | null;
  }
}

/**
 * Admits or refuses each request by its client: the user whose credentials it bears and who is
 * known here, otherwise its address: the peer, or the one that a trusted proxy forwards; of IPv6,
 * the /64. Answers carry the `RateLimit-*` fields of draft-ietf-httpapi-ratelimit-headers-06,
 * refusals also `Retry-After` (RFC 9110), in seconds.
 */
@Injectable()
export class ClientThrottlerGuard implements CanActivate {
  private readonly windowMs: number;
  private readonly ofAddress: Budget;
  private readonly ofUser: Budget;

  constructor(
    @Inject(CONFIG) config: Config,
    @InjectThrottlerStorage() private readonly storage: ThrottlerStorage,
    private readonly reflector: Reflector,
    @Optional() private readonly users?: KnownUsers,
  ) {
    const { THROTTLE_LIMIT, THROTTLE_USER_LIMIT, THROTTLE_WINDOW_SECONDS } = config;
    const budget = (limit: number) => ({ limit, policy: `${limit};w=${THROTTLE_WINDOW_SECONDS}` });
    this.windowMs = THROTTLE_WINDOW_SECONDS * 1000;
    this.ofAddress = budget(THROTTLE_LIMIT);
    this.ofUser = budget(THROTTLE_USER_LIMIT);
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.reflector.getAllAndOverride(SKIP, [context.getHandler(), context.getClass()]))
      return true;
    const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
    const verdict = this.judge(request);
    const readsAhead = this.reflector.get<ReadAheadWhen>(READ_AHEAD, context.getHandler());
    if (readsAhead?.(request)) {
      request.verdict = verdict;
      return true;
    }
    return verdict.then((given) => {
      if (this.apply(given, request, reply)) throw new ProblemError('too-many-requests');
      return true;
    });
  }

  private judge(request: FastifyRequest): Promise<Verdict> {
    const { authorization } = request.headers;
    return this.users && authorization !== undefined && BASIC.test(authorization)
      ? this.judgeBearer(this.users, request)
      : this.count(clientOf(request.ip), this.ofAddress);
  }

  /** Credentials that are not known are verified only for an address that may still ask. */
  private async judgeBearer(users: KnownUsers, request: FastifyRequest): Promise<Verdict> {
    const user = await users.known(request);
    if (user !== undefined) {
      request.budget = this.ofUser;
      return this.count(USER_CLIENT + user, this.ofUser);
    }
    const verdict = await this.count(clientOf(request.ip), this.ofAddress);
    if (!verdict.isBlocked) users.learn(request);
    return verdict;
  }

  private count(client: string, { limit }: Budget): Promise<Verdict> {
    return this.storage.increment(client, this.windowMs, limit, 0, 'default');
  }

  /** Withholds the answers that were read ahead for clients over the limit. */
  withhold(fastify: FastifyInstance): void {
    fastify.decorateRequest('verdict', null);
    fastify.decorateRequest('budget', null);
    fastify.addHook('onSend', (request, reply, payload, done) => {
      if (!request.verdict) {
        done(null, payload);
        return;
      }
      request.verdict.then((given) => {
        if (!this.apply(given, request, reply)) {
          done(null, payload);
          return;
        }
        done(null, putProblem(new ProblemError('too-many-requests'), request, reply));
      }, done);
    });
  }

  /** Writes the verdict into the headers and tells whether it is a refusal. */
  private apply(verdict: Verdict, request: FastifyRequest, reply: FastifyReply): boolean {
    const { limit, policy } = request.budget ?? this.ofAddress;
    reply.header('ratelimit-limit', limit);
    reply.header('ratelimit-remaining', Math.max(0, limit - verdict.totalHits));
    reply.header('ratelimit-reset', verdict.timeToExpire);
    reply.header('ratelimit-policy', policy);
    if (!verdict.isBlocked) return false;
    throttledRequests.inc();
    reply.header('retry-after', verdict.timeToBlockExpire);
    return true;
  }
}
