import { brotliCompress, brotliCompressSync, constants, gzip, gzipSync } from 'node:zlib';

/** A coding in which an answer may be sent (RFC 9110, 8.4.1), named as in `Accept-Encoding`. */
export type ContentCoding = 'br' | 'gzip';

/** Up to this size a body is compressed in this thread, within a millisecond or two. */
const MAX_BYTES_IN_THREAD = 64 * 1024;
/**
 * So many longer bodies are compressed at a time, in other threads. It leaves threads to the
 * hashing of passwords, and bounds the memory and the time that compression takes from others.
 */
const MAX_LONG_BODIES = 2;

const GZIP = { level: 5 };
/**
 * A window of 256 KiB: with the usual one an encoder takes 8 MiB. The hint keeps it from the tables
 * of 4 MiB that it makes when it expects a megabyte or more.
 */
const BROTLI = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 4,
    [constants.BROTLI_PARAM_LGWIN]: 18,
    [constants.BROTLI_PARAM_SIZE_HINT]: 64 * 1024,
  },
};

let longBodies = 0;

/**
 * The coding that a client prefers (RFC 9110, 12.5.3).
 * @param accepted the field `Accept-Encoding` of the request
 * @param offered the codings that the answer can have, the best first
 * @returns undefined when the answer must be sent as it is
 */
export function preferredCoding<T extends ContentCoding>(
  accepted: string | undefined,
  offered: readonly T[],
): T | undefined {
  if (accepted === undefined) return undefined;
  const weights = weightsOf(accepted);
  const weightOf = (coding: ContentCoding) => weights.get(coding) ?? weights.get('*') ?? 0;
  let preferred: T | undefined;
  // A coding with the weight of `identity`, or without any, is not sent.
  let most = Math.max(weights.get('identity') ?? 0, Number.EPSILON);
  for (const coding of offered) {
    const weight = weightOf(coding);
    if (weight < most || (preferred && weight === most)) continue;
    preferred = coding;
    most = weight;
  }
  return preferred;
}

/** The weight of every coding that the field names. A weight that cannot be read counts as none. */
function weightsOf(accepted: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const item of accepted.toLowerCase().split(',')) {
    const [coding = '', ...parameters] = item.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    weights.set(coding.replace(/^x-gzip$/, 'gzip'), Number(weight) || 0);
  }
  return weights;
}

/**
 * Whether a body has more than so many bytes. They are counted only where the length of a text
 * leaves that open: in UTF-8 each of its units takes one to three.
 */
export function isLarger(body: string | Buffer, bytes: number): boolean {
  if (typeof body !== 'string' || body.length > bytes) return body.length > bytes;
  return 3 * body.length > bytes && Buffer.byteLength(body) > bytes;
}

/**
 * Compresses the body of an answer.
 * @param done is told nothing when the answer should be sent as it is, since enough long bodies are
 *   being compressed already
 */
export function compress(
  body: string | Buffer,
  coding: ContentCoding,
  done: (coded?: Buffer) => void,
): void {
  if (!isLarger(body, MAX_BYTES_IN_THREAD)) {
    done(coding === 'br' ? brotliCompressSync(body, BROTLI) : gzipSync(body, GZIP));
    return;
  }
  if (longBodies >= MAX_LONG_BODIES) {
    done();
    return;
  }
  longBodies += 1;
  const finish = (error: Error | null, coded: Buffer) => {
    longBodies -= 1;
    done(error ? undefined : coded);
  };
  if (coding === 'br') brotliCompress(body, BROTLI, finish);
  else gzip(body, GZIP, finish);
}
