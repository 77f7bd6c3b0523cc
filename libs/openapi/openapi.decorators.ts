import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { ZodType } from 'zod';
import { PROBLEMS, type ProblemName, problemType } from '#libs/problem/problem.catalogue.ts';

const REQUEST_ID = {
  'X-Request-Id': {
    description: 'Id of the request, taken from it or made',
    schema: { type: 'string' },
  },
};

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' } },
};

/** Documents a successful answer; `headers` maps further header names to what they hold. */
export function ApiAnswer(status: number, schema?: ZodType, headers: Record<string, string> = {}) {
  const documented = Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  );
  return ApiResponse({
    status,
    description: { 200: 'OK', 201: 'Created', 204: 'Deleted' }[status] ?? '',
    headers: { ...REQUEST_ID, ...documented },
    ...(schema && { standardSchema: schema }),
  });
}

/** Documents an answer that is a text of another media type than JSON. */
export function ApiMedia(mediaType: string, example: string) {
  return ApiResponse({
    status: 200,
    description: 'OK',
    headers: REQUEST_ID,
    content: { [mediaType]: { schema: { type: 'string', format: 'binary' }, example } },
  });
}

/** Documents the errors that an operation may answer with, one response per status. */
export function ApiProblem(...names: ProblemName[]) {
  return applyDecorators(...problemResponses(names).map((response) => ApiResponse(response)));
}

/** The responses that these errors are, one per status. */
export function problemResponses(names: readonly ProblemName[]) {
  const byStatus = Map.groupBy(names, (name) => PROBLEMS[name].status);
  return [...byStatus].map(([status, problems]) => ({
    status,
    description: problems
      .map((name) => `${PROBLEMS[name].title} (\`${problemType(name)}\`)`)
      .join('; '),
    headers: { ...REQUEST_ID, ...(status === 429 || status === 503 ? RETRY_AFTER : {}) },
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: problems.map((name) => ({
          type: problemType(name),
          title: PROBLEMS[name].title,
          status,
          detail: PROBLEMS[name].title,
          instance: '3f0c3a52-5f6e-4d0b-9a53-0a1ce5b2f3aa',
        }))[0],
      },
    },
  }));
}
