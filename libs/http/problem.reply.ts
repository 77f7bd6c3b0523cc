import type { FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_CONTENT_TYPE, type ProblemError, problemDetails } from '#libs/problem/problem.ts';

/**
 * Puts a problem into the place of an answer that is about to be sent.
 * @returns the body, for the `onSend` hook to go on with
 */
export function putProblem(
  problem: ProblemError,
  request: FastifyRequest,
  reply: FastifyReply,
): string {
  reply
    .code(problem.status)
    .header('content-type', PROBLEM_CONTENT_TYPE)
    .header('cache-control', 'no-store')
    .removeHeader('content-length');
  return JSON.stringify(problemDetails(problem, request.id));
}
