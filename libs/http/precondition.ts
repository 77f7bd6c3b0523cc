import type { IncomingHttpHeaders } from 'node:http';
import { ProblemError } from '#libs/problem/problem.ts';

/**
 * The states of a resource that a request is meant for (RFC 9110, 13.1), as a script in Redis
 * compares them: `*` for every state, else the digests of some, with commas between them. A digest
 * is 24 hexadecimal digits of the SHA-1 of the body, which the entity tag holds in base64url.
 */
export interface Precondition {
  /** The resource must be in one of these. */
  match: string;
  /** The resource must be in none of these. */
  noneMatch: string;
}

/**
 * A tag. That of a coded representation is read as that of the same state without a coding, since
 * one is current whenever the other is.
 */
const TAG = /(W\/)?"([^"]*?)(?:-(?:br|gzip))?"/g;
/** The opaque part of a tag that `entityTag` makes: 12 bytes in base64url. */
const OWN_TAG = /^[\w-]{16}$/;

/**
 * What a request demands by `If-Match`, which is compared strongly, and `If-None-Match`, which is
 * compared weakly. Tags that no answer has had are left out, because they match nothing.
 */
export function preconditionOf(headers: IncomingHttpHeaders): Precondition {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  return {
    match: match === undefined ? '*' : digestsOf(match, 'strong'),
    noneMatch: noneMatch === undefined ? '' : digestsOf(noneMatch, 'weak'),
  };
}

/** Whether a resource that is there, and has no entity tag, meets a precondition. */
export function isMetWithoutTag({ match, noneMatch }: Precondition): boolean {
  return match === '*' && noneMatch !== '*';
}

/**
 * Whether a representation meets a field `If-Match`.
 * @param tag of the representation that is not coded; undefined when it has none
 */
export function meetsIfMatch(field: string, tag: string | undefined): boolean {
  return isAny(field) || tagsOf(field, 'strong').some((opaque) => `"${opaque}"` === tag);
}

/** The error for a resource that does not meet a precondition. */
export function preconditionFailed(resource: string): ProblemError {
  const detail = `${resource} does not meet a precondition of the request`;
  return new ProblemError('precondition-failed', detail);
}

function digestsOf(field: string, comparison: 'strong' | 'weak'): string {
  if (isAny(field)) return '*';
  return tagsOf(field, comparison)
    .filter((opaque) => OWN_TAG.test(opaque))
    .map((opaque) => Buffer.from(opaque, 'base64url').toString('hex'))
    .join(',');
}

function isAny(field: string): boolean {
  return field.trim() === '*';
}

/** The opaque parts of the tags of a field that a comparison lets match. */
function tagsOf(field: string, comparison: 'strong' | 'weak'): string[] {
  const tags = [...field.matchAll(TAG)];
  return tags.flatMap(([, weak, opaque = '']) =>
    weak === undefined || comparison === 'weak' ? opaque : [],
  );
}
