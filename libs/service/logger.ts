import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import type { Config } from '#libs/config/config.ts';
import type { LogOutput } from './log.output.ts';

/** The log of a service, as JSON lines. Never given a header or a body, since those hold secrets. */
export function createLogger(config: Config, output: LogOutput): Logger {
  return pino(
    {
      level: config.LOG_LEVEL,
      base: { service: config.service },
      timestamp: () => `,"time":"${now()}"`,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: describeError },
    },
    output,
  );
}

let moment = { at: 0, text: '' };

/** The time as ISO 8601 has it. Written out once a millisecond, however many lines that has. */
function now(): string {
  const at = Date.now();
  if (at !== moment.at) moment = { at, text: new Date(at).toISOString() };
  return moment.text;
}

/** An error without its other properties: those of Redis hold the arguments of the command, and so hashes and texts. */
function describeError(error: unknown) {
  return error instanceof Error ? { type: error.name, message: error.message, stack: error.stack } : String(error);
}

/** Lets Nest's own messages go the same way. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  error(message: unknown, stack?: string, context?: string): void {
    this.logger.error({ context, stack }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }
}

/**
 * Writes one line per answered request: id, method, route, status, duration in milliseconds, client. Put together here because it is written for every
 * request, where the logger would look at each field anew.
 */
export function logRequests(fastify: FastifyInstance, service: string, output: LogOutput): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url;
    output.write(
      `{"level":"info","time":"${now()}","service":"${service}","request_id":"${request.id}","method":"${request.method}",` +
        `${route === undefined ? '' : `"route":${JSON.stringify(route)},`}"status":${reply.statusCode},` +
        `"duration_ms":${Math.round(reply.elapsedTime * 1000) / 1000},"client":${JSON.stringify(request.ip)}}\n`,
    );
    done();
  });
}
