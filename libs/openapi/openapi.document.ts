import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { VERSION } from '#libs/config/version.ts';
import { problemSchema } from '#libs/problem/problem.schema.ts';
import { problemResponses } from './openapi.decorators.ts';
import { TAGS } from './openapi.tags.ts';

/** Names of the security schemes in the documents. */
export const SECURITY = {
  adminKey: 'adminKey',
  bearer: 'adminKeyBearer',
  user: 'userCredentials',
} as const;

type JsonSchema = Record<string, unknown>;
type OperationObject = ReturnType<typeof operationsOf>[number];

/** Larger numbers take 64 bits. */
const MAX_INT32 = 2 ** 31 - 1;

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

/**
 * The document of a service. The name of a controller's method is the id of its operation, such as
 * `listQuotes`; what all services have in common gets the name of the service into its id, such as
 * `getQuotesHealth`, since an id names one operation of the whole platform.
 */
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
    .addServer('/', 'The service that this document comes from')
    .addSecurity(SECURITY.adminKey, {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description: 'An admin key itself',
    })
    .addSecurity(SECURITY.bearer, {
      type: 'http',
      scheme: 'bearer',
      description: 'An admin key as a bearer token',
    })
    .addSecurity(SECURITY.user, {
      type: 'http',
      scheme: 'basic',
      description: 'Id and password of a user',
    })
    // The parser refuses such a request before anything knows which operation it is for.
    .addGlobalResponse(...problemResponses(['headers-too-large']))
    .build();
  config.info.contact = { name: 'The maintainers of the quotes platform' };
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
  for (const operation of operationsOf(document)) complete(operation, service);
  return withUsedAlone(document);
}

/** Says of an operation what the decorators leave out. */
function complete(operation: OperationObject, service: string): void {
  if (operation.tags?.includes('operations'))
    operation.operationId = operation.operationId?.replace(/^get/, `get${capitalised(service)}`);
  // Without this, a reader cannot tell an open operation from one whose key was forgotten.
  operation.security ??= [];
  for (const parameter of operation.parameters ?? []) {
    if (!('schema' in parameter) || !parameter.schema || '$ref' in parameter.schema) continue;
    // The description of a parameter is its own, and needs no copy in its schema.
    delete parameter.schema.description;
  }
}

/** Defines the tags that the operations have, and no other security schemes than they need. */
function withUsedAlone(document: OpenAPIObject): OpenAPIObject {
  const operations = operationsOf(document);
  const tags = new Set(operations.flatMap((operation) => operation.tags ?? []));
  const schemes = new Set(operations.flatMap(({ security = [] }) => security.flatMap(Object.keys)));
  return {
    ...document,
    tags: Object.entries(TAGS)
      .filter(([name]) => tags.has(name))
      .map(([name, description]) => ({ name, description })),
    components: {
      ...document.components,
      securitySchemes: Object.fromEntries(
        Object.entries(document.components?.securitySchemes ?? {}).filter(([name]) =>
          schemes.has(name),
        ),
      ),
    },
  };
}

function operationsOf({ paths }: OpenAPIObject) {
  return Object.values(paths).flatMap(({ get, put, post, patch, delete: remove }) =>
    [get, put, post, patch, remove].filter((operation) => operation !== undefined),
  );
}

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** Converts a schema; one with an id becomes a component and a reference to it. */
function convert(schema: z.ZodType, io: 'input' | 'output') {
  const converted = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io,
    override: ({ zodSchema, jsonSchema }) => refine(zodSchema, jsonSchema, io),
  });
  const {
    $schema: _,
    definitions,
    id: ownId,
    ...own
  } = JSON.parse(
    JSON.stringify(converted).replaceAll('"#/definitions/', '"#/components/schemas/'),
  ) as JsonSchema;
  const components = { ...(definitions as Record<string, JsonSchema> | undefined) };
  for (const definition of Object.values(components)) delete definition.id;
  if (typeof ownId !== 'string') return { schema: own, components };
  return {
    schema: { $ref: `#/components/schemas/${ownId}` },
    components: { ...components, [ownId]: own },
  };
}

/** Brings what Zod says of a schema into the form that generators of clients expect. */
function refine(schema: z.core.$ZodType, json: JsonSchema, io: 'input' | 'output'): void {
  // Zod leaves out the default of an input that it transforms.
  const fallback = z.globalRegistry.get(schema)?.default;
  if (fallback !== undefined) json.default = fallback;
  // That an optional field is null says nothing, and openapi-typescript requires a field that has
  // a default.
  if (json.default === null) delete json.default;
  // A format says all that its expression would.
  if (json.format !== undefined) delete json.pattern;
  // Without a format, generators take 32 bits for a number.
  if (json.type === 'number') json.format ??= 'double';
  if (json.type === 'integer' && Number(json.maximum) > MAX_INT32) json.format ??= 'int64';
  // An answer may get further fields, which no client must refuse.
  if (io === 'output' && json.additionalProperties === false) delete json.additionalProperties;
}
