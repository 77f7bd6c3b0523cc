import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

/** The files of swagger-ui-dist that the build puts beside the bundle, with their media types. */
const ASSETS = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

/**
 * The page loads nothing from elsewhere, sends nothing elsewhere, and no other page may frame it.
 * The style sheet of Swagger UI holds its images as data.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `persistAuthorization` stays off, so that credentials are forgotten with the page. */
const INIT = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true });`;

/**
 * Serves Swagger UI on `/docs`. The plugin for static files that Nest would load for three files
 * takes a twentieth of the time that a service needs to start, so each file has a route here and is
 * read when it is first asked for.
 */
export function serveSwaggerUi(fastify: FastifyInstance, service: string): void {
  const page = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${service} API</title>
  <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/swagger-ui-init.js"></script>
</body>
</html>
`;
  fastify.get('/docs', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .header('referrer-policy', 'no-referrer')
      .send(page),
  );
  fastify.get('/docs/swagger-ui-init.js', (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(INIT),
  );
  for (const [file, type] of Object.entries(ASSETS)) {
    // The file is read once, so that a thousand readers share one copy.
    let reading: Promise<Buffer> | undefined;
    fastify.get(`/docs/${file}`, async (_request, reply) => {
      reading ??= readFile(join(import.meta.dirname, 'swagger-ui', file));
      const content = await reading;
      return reply.type(type).header('cache-control', 'public, max-age=86400').send(content);
    });
  }
}
