/**
 * Every error that a service answers with. The keys are stable, since clients may switch on the
 * `type` built from them. `npm run check` holds docs/errors.md against this file.
 */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request does not have the expected shape' },
  'malformed-body': { status: 400, title: 'The body is not JSON in UTF-8' },
  'malformed-url': { status: 400, title: 'The URL cannot be decoded' },
  'malformed-http': { status: 400, title: 'The request is not valid HTTP' },
  unauthorized: { status: 401, title: 'Credentials are missing or wrong' },
  forbidden: { status: 403, title: 'These credentials do not allow this' },
  'stale-form': { status: 403, title: 'The form is not from this visit, or too old' },
  'not-found': { status: 404, title: 'There is no such resource' },
  'method-not-allowed': { status: 405, title: 'The resource does not support this method' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'The resource exists already' },
  'precondition-failed': {
    status: 412,
    title: 'The resource does not meet a precondition of the request',
  },
  'body-too-large': { status: 413, title: 'The body is larger than 64 KiB' },
  'url-too-long': { status: 414, title: 'The URL is too long' },
  'unsupported-media-type': { status: 415, title: 'The body must be declared as application/json' },
  'expectation-failed': {
    status: 417,
    title: 'The service does not do what the Expect field asks for',
  },
  'unsigned-event': { status: 400, title: 'The event is not signed as it should be' },
  'unknown-user': { status: 422, title: 'The user named in the request does not exist' },
  'too-many-failed-logins': {
    status: 429,
    title: 'Too many logins failed, of this user or from this network',
  },
  'too-many-orders': {
    status: 429,
    title: 'Too many orders wait to be paid, of this cart or from this client',
  },
  'too-many-requests': { status: 429, title: 'This client made too many requests' },
  'headers-too-large': { status: 431, title: 'The header fields are too large' },
  internal: { status: 500, title: 'The service failed' },
  unavailable: { status: 503, title: 'The service cannot reach its database' },
  full: { status: 503, title: 'The database is full: it can be read, but takes nothing new' },
  'payment-unavailable': { status: 503, title: 'The payment provider cannot be reached' },
  'search-unavailable': { status: 503, title: 'The search service cannot be reached' },
  busy: { status: 503, title: 'The service is overloaded' },
  'not-ready': { status: 503, title: 'The service cannot take requests now' },
} as const satisfies Record<string, { status: number; title: string }>;

/** Name of a problem in the catalogue. */
export type ProblemName = keyof typeof PROBLEMS;

/** Stable identifier of a problem: a URN, since nobody needs to fetch it. */
export function problemType(problem: ProblemName): string {
  return `urn:quotes-platform:problem:${problem}`;
}
