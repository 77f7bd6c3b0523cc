import { hash } from 'node:crypto';

/** The strong entity tag (RFC 9110) of an answer's body: the same bytes have the same tag. */
export function entityTag(body: string | Buffer): string {
  return `"${hash('sha1', body, 'base64url').slice(0, 16)}"`;
}
