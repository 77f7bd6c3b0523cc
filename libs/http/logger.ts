import type { LoggerService } from '@nestjs/common';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '#libs/config/config.ts';
import type { LogOutput } from './log.output.ts';
import type { ObserverFactory } from './response.observer.ts';

/** Creates a log of JSON lines. It is never given a header or a body, since those hold secrets. */
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

/** An error without its other properties: those of Redis hold the arguments of the command. */
function describeError(error: unknown) {
  return error instanceof Error
    ? { type: error.name, message: error.message, stack: error.stack }
    : String(error);
}

/** Sends Nest's own messages to the same log. */
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
 * Writes one line per answered request: id, method, route, status, duration in milliseconds,
 * client. The line is assembled here from parts that seldom change, because the logger would
 * serialize each field again for every request.
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
      // Fastify works the address out each time.
      const { ip } = request;
      if (ip !== client) {
        client = ip;
        // A dual-stack socket shows IPv4 clients as IPv4-mapped IPv6.
        end = `,"client":${JSON.stringify(client.replace(/^::ffff:/, ''))}}\n`;
      }
      output.write(begun + request.id + middle + reply.elapsedTime.toFixed(3) + end);
    };
  };
}
