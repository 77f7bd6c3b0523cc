import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import type { Config } from '#libs/config/config.ts';

/** Lines are written once this many bytes have come together, or after FLUSH_INTERVAL milliseconds: a system call a request is too many. */
const BUFFER = 4096;
const FLUSH_INTERVAL = 250;

/** The log of a service: JSON lines on standard output. Never given a header or a body, since those hold secrets. */
export function createLogger(config: Config): Logger {
  const stdout = pino.destination({ dest: 1, sync: false, minLength: BUFFER });
  setInterval(() => stdout.flush(), FLUSH_INTERVAL).unref();
  return pino(
    {
      level: config.LOG_LEVEL,
      base: { service: config.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: describeError },
    },
    stdout,
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

/** Writes one line per answered request: id, method, route, status, duration in milliseconds, client. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  if (!logger.isLevelEnabled('info')) return;
  fastify.addHook('onResponse', (request, reply, done) => {
    logger.info({
      request_id: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
      client: request.ip,
    });
    done();
  });
}
