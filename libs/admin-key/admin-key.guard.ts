import { createHash, timingSafeEqual } from 'node:crypto';
import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ApiProblem } from '#libs/service/openapi.decorators.ts';
import { SECURITY } from '#libs/service/openapi.ts';
import { ProblemError } from '#libs/service/problem.ts';

/** Recognises ADMIN_KEY in an `Authorization` header, bare or as a bearer token, in constant time. */
@Injectable()
export class AdminKey {
  private readonly expected: Buffer;

  constructor(@Inject(CONFIG) config: Config) {
    this.expected = digest(config.ADMIN_KEY);
  }

  /** Whether the header field holds the key. */
  matches(authorization: string | undefined): boolean {
    if (!authorization) return false;
    // Digests have equal lengths, so that not even the key's length shows in the time the comparison takes.
    return timingSafeEqual(digest(authorization.replace(/^Bearer +/i, '')), this.expected);
  }
}

/** Lets only requests with the admin key pass. */
@Injectable()
export class AdminKeyGuard implements CanActivate {
  constructor(private readonly key: AdminKey) {}

  canActivate(context: ExecutionContext): boolean {
    const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
    // What only the admin may see is kept nowhere.
    reply.header('cache-control', 'no-store');
    if (!this.key.matches(request.headers.authorization)) throw new ProblemError('unauthorized');
    return true;
  }
}

/** Guards a controller or handler with the admin key, and says so in its OpenAPI document. */
export function RequireAdminKey() {
  return applyDecorators(
    UseGuards(AdminKeyGuard),
    ApiSecurity(SECURITY.adminKey),
    ApiSecurity(SECURITY.bearer),
    ApiProblem('unauthorized'),
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
