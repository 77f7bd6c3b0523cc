import { gzipSync } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { preferredCoding } from '#libs/http/content.coding.ts';
import { layout, type Page } from './layout.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether no payment is real, which every page then says. */
    demo: boolean;
  }
}

/**
 * Nothing but our own style sheet and pictures is loaded, no script ever runs, and forms lead to
 * the shop or to Stripe's pages only, redirects included (Content Security Policy Level 3).
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self' https://checkout.stripe.com",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A window of 8 KiB holds a whole page. */
const GZIP_OPTIONS = { windowBits: 13, memLevel: 6 };

/**
 * Sends a page that only its visitor may see, and that no cache keeps. It is compressed in this
 * thread, which takes a fifth of a millisecond: pages that wait for another thread would take 64 KB
 * each.
 */
export function sendPage(reply: FastifyReply, page: Page): void {
  const { text } = layout(page, reply.server.demo);
  pageHeaders(reply, 'no-store');
  sendZipped(reply, text, () => gzipSync(text, GZIP_OPTIONS));
}

/** The headers of every page. */
export function pageHeaders(reply: FastifyReply, cacheControl: string): FastifyReply {
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('referrer-policy', 'same-origin')
    .header('vary', 'accept-encoding')
    .header('cache-control', cacheControl);
}

/**
 * Redirects the browser to another page of this shop, or to the payment page, by GET.
 */
export function redirect(reply: FastifyReply, address: string): void {
  reply.header('cache-control', 'no-store').redirect(address, 303);
}

/** Sends a body as it is, or zipped where the client takes that. */
export function sendZipped(
  reply: FastifyReply,
  plain: string | Buffer,
  zipped: () => Buffer,
): void {
  const accepted = reply.request.headers['accept-encoding'];
  if (preferredCoding(accepted?.toString(), ['gzip']))
    reply.header('content-encoding', 'gzip').send(zipped());
  else reply.send(plain);
}
