import csrf from '@fastify/csrf';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ProblemError } from '#libs/problem/problem.ts';
import { readCookie, writeCookie } from './cookies.ts';
import { type Html, html } from './html.ts';

const COOKIE = 'visit';
const FIELD = '_token';

const tokens = new csrf({});

/** The hidden field of every form. Gives the visitor the cookie that it is checked against. */
export function formToken(request: FastifyRequest, reply: FastifyReply): Html {
  let secret = readCookie(request, COOKIE);
  if (secret === undefined) {
    secret = tokens.secretSync();
    writeCookie(reply, COOKIE, secret);
  }
  return html`<input type="hidden" name="${FIELD}" value="${tokens.create(secret)}">`;
}

/** The fields of a form, beside its token. */
export function formSchema<T extends z.ZodRawShape>(fields: T) {
  return z.strictObject({ ...fields, [FIELD]: z.string() } as T & { [FIELD]: z.ZodString });
}

/**
 * Lets only forms pass that this shop gave to this visitor (OWASP: signed double-submit cookie).
 */
@Injectable()
export class FormGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const [request] =
      context.getArgs<[FastifyRequest<{ Body: Record<string, unknown> | undefined }>]>();
    const secret = readCookie(request, COOKIE);
    const token = request.body?.[FIELD];
    if (secret === undefined || typeof token !== 'string' || !tokens.verify(secret, token)) {
      throw new ProblemError('stale-form');
    }
    return true;
  }
}
