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
import { CredentialsService } from './credentials.service.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The user whose credentials the request bears; undefined when it bears the admin key. */
    author?: string;
  }
}

/** Lets requests with the admin key or with a user's credentials pass; that user is the author. */
@Injectable()
export class AuthorGuard implements CanActivate {
  constructor(
    private readonly key: AdminKey,
    private readonly credentials: CredentialsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
    const { authorization } = request.headers;
    const admin = this.key.nameOf(authorization);
    if (admin !== undefined) {
      request.actor = `admin:${admin}`;
      return true;
    }
    const author = await this.credentials.login(request).catch((error: unknown) => {
      if (error instanceof ProblemError && error.problem === 'too-many-failed-logins') {
        reply.header('retry-after', FAILURE_WINDOW_SECONDS);
      }
      throw error;
    });
    if (author === undefined) throw new ProblemError('unauthorized');
    request.author = author;
    request.actor = `user:${author}`;
    return true;
  }
}

/** Guards a handler with the admin key or a user's credentials, and documents that in OpenAPI. */
export function RequireAuthor() {
  return applyDecorators(
    UseGuards(AuthorGuard),
    ApiSecurity(SECURITY.adminKey),
    ApiSecurity(SECURITY.bearer),
    ApiSecurity(SECURITY.user),
    ApiProblem('too-many-requests', 'too-many-failed-logins'),
  );
}
