import type { FastifyReply, FastifyRequest } from 'fastify';
import { layout, type Page } from './layout.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the shop only pretends: every page says so. */
    demo: boolean;
  }
}

/**
 * Nothing but our own style sheet and pictures is loaded, no script ever runs, and forms lead to the shop or to Stripe's pages only, redirects included
 * (Content Security Policy Level 3).
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self' https://checkout.stripe.com",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Sends a page that only its visitor may see, and that is not kept. */
export function sendPage(reply: FastifyReply, page: Page): void {
  pageHeaders(reply, 'no-store').send(layout(page, reply.server.demo).text);
}

/** The headers of every page. */
export function pageHeaders(reply: FastifyReply, cacheControl: string): FastifyReply {
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('referrer-policy', 'same-origin')
    .header('cache-control', cacheControl);
}

/** Sends the browser to another page of this shop, or to the payment page; it goes there with GET. */
export function redirect(reply: FastifyReply, address: string): void {
  reply.header('cache-control', 'no-store').redirect(address, 303);
}

/** Whether an answer may be compressed ahead of time. */
export function acceptsGzip(request: FastifyRequest): boolean {
  return /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
}
