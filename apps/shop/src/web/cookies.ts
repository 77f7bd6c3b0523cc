import type { FastifyReply, FastifyRequest } from 'fastify';

/** The value of a cookie that this shop has signed, or undefined. */
export function readCookie(request: FastifyRequest, name: string): string | undefined {
  const cookie = request.cookies[name];
  if (cookie === undefined) return undefined;
  const { valid, value } = request.unsignCookie(cookie);
  return valid ? value : undefined;
}

/** Gives the visitor a signed cookie that no script and no form of another site can use. */
export function writeCookie(reply: FastifyReply, name: string, value: string, maxAge?: number): void {
  reply.setCookie(name, value, {
    path: '/',
    signed: true,
    httpOnly: true,
    sameSite: 'lax',
    secure: reply.server.secureCookies,
    ...(maxAge !== undefined && { maxAge }),
  });
}
