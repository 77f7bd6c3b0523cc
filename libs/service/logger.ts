import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '#libs/config/config.ts';
import type { LogOutput } from './log.output.ts';

/** The log of a service, as JSON lines. Never given a header or a body, since those hold secrets. */
export function createLogger(config: Config, output: LogOutput): Logger {
  return pino(
    {
      level: config.LOG_LEVEL,
      base: { service: config.service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: describeError },
    },
    output,
  );
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
 * Writes one line per answered request: id, method, route, status, duration in milliseconds, client. Put together here, of parts that change seldom, because it
 * is written for every request, where the logger would look at each field anew.
 */
export function logRequests(fastify: FastifyInstance, service: string, output: LogOutput): void {
  const beginning = `{"level":"info","service":"${service}","time":"`;
  let at = 0;
  let begun = '';
  const targets = new Map<string, string>();
  const targetOf = (method: string, route: string | undefined) => {
    const key = `${method} ${route}`;
    let target = targets.get(key);
    if (target === undefined) {
      target = `","method":"${method}",${route === undefined ? '' : `"route":${JSON.stringify(route)},`}"status":`;
      targets.set(key, target);
    }
    return target;
  };
  fastify.addHook('onResponse', (request, reply, done) => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      begun = `${beginning}${new Date(now).toISOString()}","request_id":"`;
    }
    const target = targetOf(request.method, request.routeOptions.url);
    const milliseconds = Math.round(reply.elapsedTime * 1000) / 1000;
    output.write(
      `${begun}${request.id}${target}${reply.statusCode},"duration_ms":${milliseconds},"client":${JSON.stringify(request.ip)}}\n`,
    );
    done();
  });
}
