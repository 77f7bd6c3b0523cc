import 'reflect-metadata';
import { networkInterfaces } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Global, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { CONFIG, type Config, type ConfigRequirements, loadConfig } from '#libs/config/config.ts';
import { HealthModule } from '#libs/health/health.module.ts';
import { ReadinessService } from '#libs/health/readiness.service.ts';
import { auditWrites } from '#libs/http/audit.log.ts';
import { CORS_HEADERS } from '#libs/http/cors.headers.ts';
import { createAdapter, trackMethods } from '#libs/http/fastify.adapter.ts';
import { measureRequests } from '#libs/http/http.metrics.ts';
import { HttpServer } from '#libs/http/http.server.ts';
import { LogOutput } from '#libs/http/log.output.ts';
import { createLogger, logRequests, NestLogger } from '#libs/http/logger.ts';
import { ProblemFilter, type ProblemPage } from '#libs/http/problem.filter.ts';
import { negotiateResponses } from '#libs/http/response.negotiation.ts';
import { observeResponses } from '#libs/http/response.observer.ts';
import { TrustedProxies } from '#libs/http/trusted.proxies.ts';
import { MetricsModule } from '#libs/metrics/metrics.module.ts';
import { serveOpenApi } from '#libs/openapi/openapi.document.ts';
import { serveSwaggerUi } from '#libs/openapi/swagger-ui.page.ts';
import { RedisModule } from '#libs/redis/redis.module.ts';
import { ClientThrottlerGuard } from '#libs/throttling/client-throttler.guard.ts';
import { ThrottlingModule } from '#libs/throttling/throttling.module.ts';

/** An app as its `main.ts` describes it. */
export interface ServiceDefinition extends ConfigRequirements {
  /** Name of the app, in logs, metrics and documents. */
  name: string;
  /** What its OpenAPI document says of it. */
  description: string;
  /** The app's controllers and providers; everything that services share is added. */
  module: Type;
  /** What an app with pages for browsers adds. */
  web?: WebDefinition;
}

/** What an app that people visit with a browser adds to the HTTP server of every service. */
export interface WebDefinition {
  /** Adds parsers and plugins; no route is registered yet. */
  setUp(server: FastifyInstance, config: Config): Promise<void>;
  /** Sends a page in place of a problem document, to clients that prefer pages. */
  sendProblem: ProblemPage;
}

/**
 * Builds a service: HTTP server, errors, logs, metrics, health, throttling, OpenAPI and shutdown
 * around the app's module. It does not listen yet.
 */
export async function createService(
  definition: ServiceDefinition,
  config: Config,
): Promise<NestFastifyApplication> {
  const output = new LogOutput();
  const logger = createLogger(config, output);
  const filter = new ProblemFilter(logger);
  const proxies = new TrustedProxies(config.TRUSTED_PROXIES, logger);
  // An app with pages has cookies: no page of another origin may read what they open.
  const isApi = definition.web === undefined;
  const http = new HttpServer(isApi ? CORS_HEADERS : {});
  const adapter = createAdapter(config, filter, http, proxies, isApi);
  const fastify = adapter.getInstance();
  filter.methodsOf = trackMethods(fastify);
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT && config.OTEL_SDK_DISABLED === 'false') {
    const { traceService } = await import('#libs/tracing/tracing.ts');
    traceService(fastify, config);
  }
  const observers = [measureRequests(fastify, definition.name)];
  if (logger.isLevelEnabled('info')) observers.push(logRequests(config.service, output));
  if (config.LOG_LEVEL !== 'silent') observers.push(auditWrites(fastify, config.service, output));
  http.onRefusal = observeResponses(fastify, observers);
  if (definition.web) {
    filter.page = definition.web.sendProblem;
    await definition.web.setUp(fastify, config);
  }

  const app = await NestFactory.create<NestFastifyApplication>(
    rootModule(definition, config),
    adapter,
    {
      logger: new NestLogger(logger),
      bodyParser: false,
      abortOnError: false,
    },
  );
  app.useGlobalFilters(filter);
  if (!proxies.isSettled) app.get(ReadinessService).register('proxies', () => proxies.isSettled);
  if (config.THROTTLE_LIMIT > 0) app.get(ClientThrottlerGuard).withhold(fastify);
  // A hook after the one that withholds answers, of which nothing may be left.
  if (isApi) negotiateResponses(fastify);
  serveOpenApi(app, definition.name, definition.description);
  serveSwaggerUi(fastify, definition.name);
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  return app;
}

/**
 * Runs a service: the whole of an app's `main.ts`. A wrong environment or a taken port prints one
 * line and ends with status 1.
 */
export async function runService(definition: ServiceDefinition): Promise<void> {
  // Maglev keeps 20 MiB, a sixth of the container; TurboFan makes hot code as fast without it. By
  // default it waits until Maglev's code has run 3,000 times: it must come where Maglev would, or a
  // new pod takes five times the processor for its first 10,000 requests.
  setFlagsFromString('--no-maglev');
  setFlagsFromString('--invocation-count-for-turbofan=400');
  const config = loadConfig(definition.name, definition);
  try {
    const app = await createService(definition, config);
    await app.init();
    // Nest's own listen() would log a taken port as well.
    await app.getHttpAdapter().getInstance().listen({ port: config.APP_PORT, host: anyAddress() });
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const reason = taken
      ? `port ${config.APP_PORT} is already in use (APP_PORT)`
      : error instanceof Error
        ? error.stack
        : error;
    process.stderr.write(`${definition.name} cannot start: ${reason}\n`);
    process.exit(1);
  }
}

/** Listens on all addresses: of both families, or of IPv4 alone where IPv6 is off. */
function anyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.some((address) => address?.family === 'IPv6') ? '::' : '0.0.0.0';
}

function rootModule(definition: ServiceDefinition, config: Config): Type {
  @Global()
  @Module({ providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] })
  class ConfigModule {}

  @Module({
    imports: [
      ConfigModule,
      RedisModule,
      ThrottlingModule.forRoot(config),
      HealthModule.forRoot(config),
      MetricsModule.forRoot(config),
      definition.module,
    ],
  })
  class RootModule {}
  return RootModule;
}
