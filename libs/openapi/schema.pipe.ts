import { Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import { type FieldError, invalidRequest } from '#libs/problem/problem.ts';

/** How many wrong fields an answer names. */
const MAX_ERRORS = 20;

type Issues = Parameters<
  NonNullable<
    NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory']
  >
>[0];

/** Validates bodies, queries and path parameters against the schema that their decorator names. */
@Injectable()
export class SchemaPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({
      exceptionFactory: (issues) => invalidRequest(fieldErrors(issues).slice(0, MAX_ERRORS)),
    });
  }
}

function fieldErrors(issues: Issues): FieldError[] {
  return issues.flatMap((issue) => {
    const path = (issue.path ?? [])
      .map((part) => String(typeof part === 'object' ? part.key : part))
      .join('.');
    if ('keys' in issue && Array.isArray(issue.keys)) {
      return issue.keys.map((key) => ({
        field: [path, key].filter(Boolean).join('.'),
        message: 'is not a known field',
      }));
    }
    return [{ field: path || 'request', message: issue.message }];
  });
}
