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
// Declares `request.actor`.
import '#libs/http/audit.log.ts';
import { ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { SECURITY } from '#libs/openapi/openapi.document.ts';
import { ProblemError } from '#libs/problem/problem.ts';

/**
 * Recognises the admin keys in an `Authorization` header, bare or as a bearer token, in constant
 * time.
 */
@Injectable()
export class AdminKey {
  private readonly expected: readonly { name: string; digest: Buffer }[];

  constructor(@Inject(CONFIG) config: Config) {
    this.expected = config.adminKeys.map(({ name, key }) => ({ name, digest: digest(key) }));
  }

  /** The name of the key that the header field holds, or undefined when it holds none. */
  nameOf(authorization: string | undefined): string | undefined {
    if (!authorization) return undefined;
    // Digests are of equal length and all of them are compared, so that the time tells neither the
    // length of a key nor which key it was.
    const given = digest(authorization.replace(/^Bearer +/i, ''));
    return this.expected.filter((key) => timingSafeEqual(given, key.digest))[0]?.name;
  }
}

/** Lets only requests with an admin key pass. */
@Injectable()
export class AdminKeyGuard implements CanActivate {
  constructor(private readonly key: AdminKey) {}

  canActivate(context: ExecutionContext): boolean {
    const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
    // No cache may keep what only the admin may see.
    reply.header('cache-control', 'no-store');
    const name = this.key.nameOf(request.headers.authorization);
    if (name === undefined) throw new ProblemError('unauthorized');
    request.actor = `admin:${name}`;
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
