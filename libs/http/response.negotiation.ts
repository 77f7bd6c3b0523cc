import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '#libs/problem/problem.ts';
import { type ContentCoding, compress, isLarger, preferredCoding } from './content.coding.ts';
import { entityTag } from './entity.tag.ts';
import { meetsIfMatch } from './precondition.ts';
import { putProblem } from './problem.reply.ts';

/** A body that is not larger is not worth compressing. */
const MAX_PLAIN_BYTES = 1023;
/** The codings that answers can have; at equal weight brotli, which makes them shorter. */
const CODINGS: readonly ContentCoding[] = ['br', 'gzip'];
/**
 * Whatever may be stored is asked for again before each use, so that what was deleted is gone at
 * once. That costs a request without a body.
 */
const REVALIDATED = 'public, no-cache';

/**
 * The tag of a coded representation. Other bytes need another strong tag (RFC 9110, 8.8.3); a weak
 * one would be of no use for `If-Match`.
 */
function codedTag(tag: string, coding: ContentCoding | undefined): string {
  return coding === undefined ? tag : `${tag.slice(0, -1)}-${coding}"`;
}

/**
 * The tag under which a client holds a representation already, in any coding.
 * @param field `If-None-Match`, which is compared weakly (RFC 9110, 13.1.2)
 * @param tag of the representation that is not coded
 * @param coding that the representation would be sent in
 * @returns undefined when the client does not hold it
 */
export function heldTag(
  field: string,
  tag: string,
  coding: ContentCoding | undefined,
): string | undefined {
  const preferred = codedTag(tag, coding);
  if (field.trim() === '*') return preferred;
  const forms = [preferred, tag, ...CODINGS.map((other) => codedTag(tag, other))];
  return forms.find((form) => field.includes(form));
}

/**
 * Gives answers to reads what browsers and caches ask for: `Cache-Control` unless the handler says
 * otherwise, an entity tag, 412 for what is not as `If-Match` says, 304 for what the client holds
 * already, and compression. Bodies that are streamed are sent as they are, and what no cache may
 * keep has no tag.
 */
export function negotiateResponses(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload: unknown, done) => {
    const { method, headers } = request.raw;
    const isRead = method === 'GET' || method === 'HEAD';
    if (!isRead || !request.isShared || reply.statusCode !== 200) {
      done(null, payload);
      return;
    }
    const cacheControl = reply.getHeader('cache-control');
    if (cacheControl === undefined) reply.header('cache-control', REVALIDATED);
    const whole = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : undefined;
    const isKept = !String(cacheControl).includes('no-store');
    const tag = isKept && whole !== undefined ? entityTag(whole) : undefined;
    const ifMatch = headers['if-match'];
    if (ifMatch !== undefined && !meetsIfMatch(ifMatch, tag)) {
      if (payload instanceof Readable) payload.destroy();
      done(null, putProblem(new ProblemError('precondition-failed'), request, reply));
    } else if (whole === undefined) done(null, payload);
    else send(request, reply, whole, tag, done);
  });
}

/**
 * Sends a body as its reader wants it, or nothing when the reader holds it.
 * @param tag of the body; undefined when it has none
 */
function send(
  { raw: { method, headers } }: FastifyRequest,
  reply: FastifyReply,
  payload: string | Buffer,
  tag: string | undefined,
  done: (error: null, payload: string | Buffer | Readable | null) => void,
): void {
  let coding: ContentCoding | undefined;
  if (isLarger(payload, MAX_PLAIN_BYTES)) {
    reply.header('vary', 'accept-encoding');
    coding = preferredCoding(headers['accept-encoding']?.toString(), CODINGS);
  }
  if (tag !== undefined) {
    const field = headers['if-none-match'];
    const held = field && heldTag(field, tag, coding);
    if (held) {
      reply.code(304).header('etag', held);
      // Fastify's own hook for HEAD cannot read null.
      done(null, method === 'HEAD' ? Readable.from([]) : null);
      return;
    }
  }
  if (coding === undefined) {
    if (tag !== undefined) reply.header('etag', tag);
    done(null, payload);
    return;
  }
  compress(payload, coding, (coded) => {
    if (coded) reply.header('content-encoding', coding);
    if (tag !== undefined) reply.header('etag', codedTag(tag, coded && coding));
    done(null, coded ?? payload);
  });
}
