import type { FastifyInstance } from 'fastify';
import type { LogOutput } from './log.output.ts';
import type { ObserverFactory } from './response.observer.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose credentials the request bears: `admin:NAME` or `user:ID`; or who else writes: `buyer`, `stripe`. Null until they are verified. */
    actor: string | null;
    /** Id of what the request writes, once that is known and valid. */
    subject: string | null;
  }
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Writes one line per request of a known actor that is no mere read, whatever came of it: who, what, when, request id, outcome. It stands in the log at every level
 * but `silent`: who changed what must not depend on how much a service tells of itself.
 */
export function auditWrites(
  fastify: FastifyInstance,
  service: string,
  output: LogOutput,
): ObserverFactory {
  fastify.decorateRequest('actor', null);
  fastify.decorateRequest('subject', null);
  return ({ method, route, status }) => {
    // What was refused before its method was known has no actor.
    if (method === undefined || READS.has(method)) return undefined;
    return ({ id, actor, subject }) => {
      if (!actor) return;
      const time = new Date().toISOString();
      const line = {
        level: 'info',
        service,
        time,
        request_id: id,
        msg: 'audit',
        who: actor,
        method,
        route,
        subject,
        status,
      };
      output.write(`${JSON.stringify(line)}\n`);
    };
  };
}
