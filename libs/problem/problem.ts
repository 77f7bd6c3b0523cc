import { PROBLEMS, type ProblemName, problemType } from './problem.catalogue.ts';

/** Media type of RFC 9457. */
export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

/** One field of a request that is wrong. */
export interface FieldError {
  /** Path of the field, dots between its parts. */
  field: string;
  message: string;
}

/** An error that is reported to the client as a problem document. */
export class ProblemError extends Error {
  readonly problem: ProblemName;
  /** Further members of the problem document, e.g. `errors`. */
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(
    problem: ProblemName,
    detail?: string,
    extensions: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail ?? PROBLEMS[problem].title);
    this.problem = problem;
    this.extensions = extensions;
  }

  get status(): number {
    return PROBLEMS[this.problem].status;
  }
}

/** Creates the error for a request with wrong fields. */
export function invalidRequest(errors: FieldError[]): ProblemError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new ProblemError('invalid-request', `${first?.field}: ${first?.message}${more}`, {
    errors,
  });
}

/** The document of RFC 9457 for an error; `instance` is the request id. */
export function problemDetails(error: ProblemError, requestId: string): Record<string, unknown> {
  return {
    type: problemType(error.problem),
    title: PROBLEMS[error.problem].title,
    status: error.status,
    detail: error.message,
    instance: requestId,
    ...error.extensions,
  };
}
