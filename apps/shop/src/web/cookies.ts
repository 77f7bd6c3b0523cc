import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * By this beginning of its name a browser takes the cookie from this very host by HTTPS alone (RFC
 * 6265bis), where there is HTTPS.
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
  maxAge?: number,
): void {
  reply.setCookie(nameOf(reply.server, name), value, {
    path: '/',
    signed: true,
    httpOnly: true,
    sameSite: 'lax',
    secure: reply.server.secureCookies,
    ...(maxAge !== undefined && { maxAge }),
  });
}

/** Takes a cookie away. */
export function dropCookie(reply: FastifyReply, name: string): void {
  reply.clearCookie(nameOf(reply.server, name), { path: '/', secure: reply.server.secureCookies });
}
