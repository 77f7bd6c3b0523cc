import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '#libs/config/config.ts';
import { VERSION } from '#libs/config/version.ts';
import { httpCalls } from '#libs/http/http.client.ts';
import { redisOperations } from '#libs/redis/redis.service.ts';

/**
 * Sends a span for every request, every Redis operation and every call of another service to an
 * OTLP receiver, named by OpenTelemetry's semantic conventions for HTTP and databases. The trace of
 * a caller that sends a W3C `traceparent` is continued, in the services called as well. Spans hold
 * no header except the request id, no query, body, key or argument.
 *
 * This module is loaded only when tracing is on, so that a service pays nothing otherwise. The
 * instrumentations of OpenTelemetry patch modules while these are loaded, which reaches nothing
 * inside a bundle.
 */
export function traceService(fastify: FastifyInstance, config: Config): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          'service.name': config.service,
          'service.version': VERSION.version,
        }),
      )
      // This merge comes last, so that OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
      .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] })),
    sampler: sampler(config),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  trace.setGlobalTracerProvider(provider);
  traceRequests(fastify);
  traceRedis();
  traceCalls();
  fastify.addHook('onClose', () => provider.shutdown());
}

/** Creates the sampler of OTEL_TRACES_SAMPLER(_ARG), which the SDK leaves to its user. */
function sampler(config: Config): Sampler {
  const name = config.OTEL_TRACES_SAMPLER;
  const root = name.endsWith('traceidratio')
    ? new TraceIdRatioBasedSampler(config.OTEL_TRACES_SAMPLER_ARG)
    : name.endsWith('always_off')
      ? new AlwaysOffSampler()
      : new AlwaysOnSampler();
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function traceRequests(fastify: FastifyInstance): void {
  const tracer = trace.getTracer('http');
  const traced = new WeakMap<FastifyRequest, { span: Span; inside: Context }>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    const route = request.routeOptions.url;
    const span = tracer.startSpan(
      route === undefined ? request.method : `${request.method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': request.method,
          'http.route': route,
          'url.scheme': request.protocol,
          'url.path': request.url.split('?', 1)[0],
          'client.address': request.ip,
          'http.request.header.x-request-id': [request.id],
        },
      },
      caller,
    );
    traced.set(request, { span, inside: trace.setSpan(caller, span) });
    done();
  });
  // The events of a body arrive outside of any request's context, so it is entered only now.
  fastify.addHook('preHandler', (request, _reply, done) => {
    const found = traced.get(request);
    if (found) context.with(found.inside, done);
    else done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const span = traced.get(request)?.span;
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) fail(span, String(reply.statusCode));
    span?.end();
    done();
  });
}

function traceRedis(): void {
  const tracer = trace.getTracer('redis');
  const spans = new WeakMap<object, Span>();
  redisOperations.subscribe({
    start(message) {
      const { operation } = message;
      const attributes = { 'db.system.name': 'redis', 'db.operation.name': operation };
      spans.set(message, tracer.startSpan(operation, { kind: SpanKind.CLIENT, attributes }));
    },
    error(message) {
      fail(spans.get(message), message.error instanceof Error ? message.error.name : 'Error');
    },
    asyncEnd(message) {
      spans.get(message)?.end();
    },
    end() {},
    asyncStart() {},
  });
}

function traceCalls(): void {
  const tracer = trace.getTracer('http');
  const spans = new WeakMap<object, Span>();
  httpCalls.subscribe({
    start(call) {
      const { method, url, headers } = call;
      const span = tracer.startSpan(method, {
        kind: SpanKind.CLIENT,
        attributes: {
          'http.request.method': method,
          'server.address': url.hostname,
          'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
          'url.full': url.origin + url.pathname,
        },
      });
      spans.set(call, span);
      propagation.inject(trace.setSpan(context.active(), span), headers);
    },
    error(call) {
      fail(spans.get(call), call.error instanceof Error ? call.error.name : 'Error');
    },
    asyncEnd(call) {
      const span = spans.get(call);
      if (call.result) {
        span?.setAttribute('http.response.status_code', call.result.status);
        if (call.result.status >= 400) fail(span, String(call.result.status));
      }
      span?.end();
    },
    end() {},
    asyncStart() {},
  });
}

function fail(span: Span | undefined, type: string): void {
  span?.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}
