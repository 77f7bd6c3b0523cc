import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { VERSION } from '#libs/config/version.ts';
import { problemSchema } from '#libs/problem/problem.schema.ts';

/** Names of the security schemes in the documents. */
export const SECURITY = { adminKey: 'adminKey', bearer: 'adminKeyBearer', user: 'user' } as const;

type JsonSchema = Record<string, unknown>;

/** Serves the OpenAPI document on `/openapi.json`; the first request for it builds it. */
export function serveOpenApi(
  app: NestFastifyApplication,
  service: string,
  description: string,
): void {
  SwaggerModule.setup('docs', app, () => createDocument(app, service, description), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    ui: false,
  });
}

function createDocument(
  app: NestFastifyApplication,
  service: string,
  description: string,
): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.0.3')
    .setTitle(`Quotes platform: ${service}`)
    .setDescription(description)
    .setVersion(VERSION.version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addApiKey(
      { type: 'apiKey', in: 'header', name: 'Authorization', description: 'An admin key itself' },
      SECURITY.adminKey,
    )
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'An admin key as a bearer token' },
      SECURITY.bearer,
    )
    .addBasicAuth(
      { type: 'http', scheme: 'basic', description: 'Id and password of a user' },
      SECURITY.user,
    )
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (_controller, method) => method,
    standardSchemaConverter: (schema, { schemaType }) =>
      convert(schema as unknown as z.ZodType, schemaType),
  });
  const problem = convert(problemSchema, 'output');
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...problem.components },
  };
  return document;
}

/** Converts a schema; one with an id becomes a component and a reference to it. */
function convert(schema: z.ZodType, io: 'input' | 'output') {
  const {
    $schema: _,
    definitions,
    $defs,
    id: ownId,
    ...own
  } = z.toJSONSchema(schema, { target: 'openapi-3.0', io }) as JsonSchema;
  const components = { ...(($defs ?? definitions) as Record<string, JsonSchema> | undefined) };
  for (const definition of Object.values(components)) delete definition.id;
  if (typeof ownId !== 'string') return { schema: own, components };
  return {
    schema: { $ref: `#/components/schemas/${ownId}` },
    components: { ...components, [ownId]: own },
  };
}
