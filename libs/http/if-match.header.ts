const TAGS = /(W\/)?"([^"]*)"/g;
/** The opaque part of a tag that `entityTag` makes: 12 bytes in base64url. */
const OWN_TAG = /^[\w-]{16}$/;

/**
 * The field `If-Match` of a request (RFC 9110) as a script in Redis compares it: `*` when any state
 * of the resource will do, also without the field; else the digests of the states that will do,
 * with commas between them. A digest is 24 hexadecimal digits of the SHA-1 of the body, which the
 * entity tag holds in base64url. Weak tags and those that no answer has had are left out, because
 * they match nothing.
 */
export function ifMatchDigests(field: string | undefined): string {
  if (field === undefined || field.trim() === '*') return '*';
  return Array.from(field.matchAll(TAGS), ([, weak, tag = '']) =>
    weak === undefined && OWN_TAG.test(tag) ? Buffer.from(tag, 'base64url').toString('hex') : [],
  )
    .flat()
    .join(',');
}
