import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AdminKey } from '#libs/admin-key/admin-key.guard.ts';
import { ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { SECURITY } from '#libs/openapi/openapi.document.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { FAILURE_WINDOW_SECONDS } from '#libs/users/logins.repository.ts';
import { CredentialsService, type VerifiedUser } from './credentials.service.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The user whose credentials the request bears; undefined when it bears the admin key. */
    user?: VerifiedUser;
  }
}

/** Lets requests with the admin key or with a user's credentials pass. */
@Injectable()
export class UserGuard implements CanActivate {
  constructor(
    private readonly key: AdminKey,
    private readonly credentials: CredentialsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
    // No cache may keep what only the admin or one user may see.
    reply.header('cache-control', 'no-store');
    const { authorization } = request.headers;
    const admin = this.key.nameOf(authorization);
    if (admin !== undefined) {
      request.actor = `admin:${admin}`;
      return true;
    }
    const user = await this.credentials.login(request).catch((error: unknown) => {
      if (error instanceof ProblemError && error.problem === 'too-many-failed-logins') {
        reply.header('retry-after', FAILURE_WINDOW_SECONDS);
      }
      throw error;
    });
    if (user === undefined) throw new ProblemError('unauthorized');
    request.user = user;
    request.actor = `user:${user.id}`;
    return true;
  }
}

/** Guards a handler with the admin key or a user's credentials, and documents that in OpenAPI. */
export function RequireUser() {
  return applyDecorators(
    UseGuards(UserGuard),
    ApiSecurity(SECURITY.adminKey),
    ApiSecurity(SECURITY.bearer),
    ApiSecurity(SECURITY.user),
    ApiProblem('unauthorized', 'too-many-requests', 'too-many-failed-logins'),
  );
}
