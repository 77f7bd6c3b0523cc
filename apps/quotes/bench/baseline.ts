/**
 * What `npm run bench` compares the quotes service with: the same two reads with the same headers,
 * histogram and log line, from the same Redis, on bare Fastify or bare node:http. Run it as
 * `node baseline.ts fastify|http`.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { collectDefaultMetrics, Histogram } from 'prom-client';
import { CORS_HEADERS } from '#libs/http/cors.headers.ts';
import { entityTag } from '#libs/http/entity.tag.ts';
import { completeQuote } from '#libs/quotes/quote.document.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { QUOTE_SCRIPTS } from '#libs/quotes/quote.scripts.ts';
import { defineScripts } from '#libs/redis/redis.scripts.ts';

const redis = new Redis({ port: Number(process.env.REDIS_PORT), enableAutoPipelining: true });
defineScripts(redis, QUOTE_SCRIPTS);
const keys = shardKeys(0);
const logger = pino(
  { timestamp: pino.stdTimeFunctions.isoTime },
  pino.destination({ dest: 1, sync: false, minLength: 4096 }),
);
collectDefaultMetrics();
const duration = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'duration',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
});
const JSON_TYPE = 'application/json; charset=utf-8';

async function find(id: string): Promise<string | null> {
  const stored = await redis.get(keys.quote + id);
  return stored && completeQuote(stored);
}

async function list(): Promise<string> {
  const answer = await redis.listQuotes(2, keys.quotes, keys.quote, '+inf', 21);
  const [total, ids, documents] = answer ?? [0, '', []];
  const next = documents.length > 20 ? ids.split(',')[19] : null;
  const items = documents.slice(0, 20).map(completeQuote).join(',');
  return `{"items":[${items}],"total":${total},"next":${JSON.stringify(next)}}`;
}

function record(
  id: string,
  method: string,
  route: string,
  status: number,
  milliseconds: number,
  client: string | undefined,
) {
  duration.labels(method, route, `${Math.trunc(status / 100)}xx`).observe(milliseconds / 1000);
  logger.info({ request_id: id, method, route, status, duration_ms: milliseconds, client });
}

/** Copies the catalogue page of the shop, with the headers of the page itself. */
async function copyPage(url: string): Promise<{ headers: [string, string][]; body: Buffer }> {
  const answer = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
  const own = /^(content-type|content-security-policy|referrer-policy|cache-control|vary|etag)$/;
  return {
    headers: [...answer.headers].filter(([name]) => own.test(name)),
    body: Buffer.from(await answer.arrayBuffer()),
  };
}

async function onFastify(): Promise<void> {
  const app = fastify({ genReqId: () => randomUUID() });
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    reply.headers(CORS_HEADERS);
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    if (request.url.startsWith('/quotes')) {
      const tag = entityTag(String(payload));
      reply.header('cache-control', 'public, no-cache').header('etag', tag);
      if (request.headers['if-none-match'] === tag) reply.code(304);
    }
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    record(
      request.id,
      request.method,
      request.routeOptions.url ?? '',
      reply.statusCode,
      reply.elapsedTime,
      request.ip,
    );
    done();
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  process.once('SIGTERM', () => process.exit(0));
  const querystring = {
    type: 'object',
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: 100 },
      cursor: { type: 'string' },
    },
  };
  app.get('/quotes', { schema: { querystring } }, async (_request, reply) => {
    reply.header('content-type', JSON_TYPE);
    return list();
  });
  const params = {
    type: 'object',
    properties: { id: { type: 'string', pattern: '^[1-9][0-9]{0,15}$' } },
  };
  app.get<{ Params: { id: string } }>(
    '/quotes/:id',
    { schema: { params } },
    async (request, reply) => {
      const document = await find(request.params.id);
      if (!document) return reply.code(404).send();
      reply.header('content-type', JSON_TYPE);
      return document;
    },
  );
  if (process.env.PAGE_URL) {
    const { headers, body } = await copyPage(process.env.PAGE_URL);
    app.get('/', async (_request, reply) => {
      for (const [name, value] of headers) reply.header(name, value);
      return body;
    });
  }
  app.listen({ port: Number(process.env.APP_PORT) });
}

function onHttp(): void {
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const start = performance.now();
    const id = randomUUID();
    const path = request.url ?? '';
    const route = path === '/quotes' || path === '/healthz' ? path : '/quotes/:id';
    const body =
      path === '/healthz'
        ? '{"status":"ok"}'
        : path === '/quotes'
          ? await list()
          : await find(path.slice(8));
    response.writeHead(body ? 200 : 404, {
      ...CORS_HEADERS,
      'cache-control': 'public, no-cache',
      etag: body ? entityTag(body) : '',
      'x-request-id': id,
      'x-content-type-options': 'nosniff',
      'content-type': JSON_TYPE,
      'content-length': body ? Buffer.byteLength(body) : 0,
    });
    response.end(body);
    record(id, 'GET', route, 200, performance.now() - start, request.socket.remoteAddress);
  });
  server.listen(Number(process.env.APP_PORT));
}

process.argv[2] === 'http' ? onHttp() : await onFastify();
