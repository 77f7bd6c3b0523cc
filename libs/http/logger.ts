import type { LoggerService } from '@nestjs/common';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '#libs/config/config.ts';
import type { LogOutput } from './log.output.ts';
import type { ObserverFactory } from './response.observer.ts';

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
  return error instanceof Error
    ? { type: error.name, message: error.message, stack: error.stack }
    : String(error);
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
 * Writes one line per answered request: id, method, route, status, duration in milliseconds, client. Put together here, of few parts that change seldom,
 * because it is written for every request, where the logger would look at each field anew.
 */
export function logRequests(service: string, output: LogOutput): ObserverFactory {
  const beginning = `{"level":"info","service":"${service}","time":"`;
  let at = 0;
  let begun = '';
  let client = '';
  let end = '';
  return ({ method, route, status }) => {
    const fields = JSON.stringify({ method, route, status }).slice(1, -1);
    const middle = `",${fields},"duration_ms":`;
    return (request, reply) => {
      const now = Date.now();
      if (now !== at) {
        at = now;
        begun = `${beginning}${new Date(now).toISOString()}","request_id":"`;
      }
      if (request.ip !== client) {
        client = request.ip;
        // Of IPv4 clients a socket of both families says so in the manner of IPv6.
        end = `,"client":${JSON.stringify(client.replace(/^::ffff:/, ''))}}\n`;
      }
      output.write(begun + request.id + middle + reply.elapsedTime.toFixed(3) + end);
    };
  };
}
