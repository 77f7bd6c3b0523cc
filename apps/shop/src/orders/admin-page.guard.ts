import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import { parse as parseBasic } from 'basic-auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AdminKey } from '#libs/admin-key/admin-key.guard.ts';
import { ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { SECURITY } from '#libs/openapi/openapi.document.ts';
import { ProblemError } from '#libs/problem/problem.ts';

/**
 * Lets requests with the admin key pass. It may also be the password of Basic credentials (RFC
 * 7617), since a browser can ask for these.
 */
@Injectable()
export class AdminPageGuard implements CanActivate {
  constructor(private readonly key: AdminKey) {}

  canActivate(context: ExecutionContext): boolean {
    const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
    // No cache may keep what only the admin may see.
    reply.header('cache-control', 'no-store');
    const { authorization } = request.headers;
    const password = parseBasic(authorization ?? '')?.pass;
    if (this.key.nameOf(password ?? authorization) === undefined)
      throw new ProblemError('unauthorized');
    return true;
  }
}

/**
 * Guards a handler with the admin key, from programs and browsers, and says so in its OpenAPI
 * document.
 */
export function RequireAdmin() {
  return applyDecorators(
    UseGuards(AdminPageGuard),
    ApiSecurity(SECURITY.adminKey),
    ApiSecurity(SECURITY.bearer),
    ApiProblem('unauthorized'),
  );
}
