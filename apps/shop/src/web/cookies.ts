import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * A browser accepts a cookie whose name begins with `__Host-` only by HTTPS and from this very host
 * (RFC 6265bis).
 */
function nameOf(server: FastifyInstance, name: string): string {
  return server.secureCookies ? `__Host-${name}` : name;
}

/** The value of a cookie that this shop has signed, or undefined. */
export function readCookie(request: FastifyRequest, name: string): string | undefined {
  const cookie = request.cookies[nameOf(request.server, name)];
  if (cookie === undefined) return undefined;
  const { valid, value } = request.unsignCookie(cookie);
  return valid ? value : undefined;
}

/** Gives the visitor a signed cookie that no script and no form of another site can use. */
export function writeCookie(
  reply: FastifyReply,
  name: string,
  value: string,
  maxAgeSeconds?: number,
): void {
  reply.setCookie(nameOf(reply.server, name), value, {
    path: '/',
    signed: true,
    httpOnly: true,
    sameSite: 'lax',
    secure: reply.server.secureCookies,
    ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
  });
}

/** Deletes a cookie. */
export function dropCookie(reply: FastifyReply, name: string): void {
  reply.clearCookie(nameOf(reply.server, name), { path: '/', secure: reply.server.secureCookies });
}
