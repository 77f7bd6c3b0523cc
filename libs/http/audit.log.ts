import type { FastifyInstance } from 'fastify';
import type { LogOutput } from './log.output.ts';
import type { ObserverFactory } from './response.observer.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Who sends the request: `admin:NAME`, `user:ID`, `buyer` or `stripe`; null until the
     * credentials are verified.
     */
    actor: string | null;
    /** Id of what the request writes, once that is known and valid. */
    subject: string | null;
  }
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Writes one line for each request of a known actor that may change something, whatever its
 * outcome: who, what, when, request id, status. The line appears at every level but `silent`,
 * because the record of changes must not depend on how verbose a service is.
 */
export function auditWrites(
  fastify: FastifyInstance,
  service: string,
  output: LogOutput,
): ObserverFactory {
  fastify.decorateRequest('actor', null);
  fastify.decorateRequest('subject', null);
  return ({ method, route, status }) => {
    // A request that was refused before its method was known has no actor.
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
