import type { ServiceName } from '#libs/config/services.ts';
import { type OpenApi, type Operation, operationsOf, type Schema } from '#test/clients/document.ts';
import { TRIALS } from '#test/clients/trials.ts';

/** An id is what clients call a function: a verb, and what it is done to. */
const OPERATION_ID = /^[a-z]+([A-Z][a-z]*)+$/;

/**
 * Finds what the OpenAPI documents leave out, or say in a way that generators of clients do not
 * understand. Linters find the rest (test/clients/lint.ts).
 * @returns a line of text for each of them
 */
export function openApiGaps(documents: ReadonlyMap<ServiceName, OpenApi>): string[] {
  const places = new Map<string, string>();
  return [...documents].flatMap(([service, document]) => [
    ...operationsOf(document).flatMap(({ method, path, operation }) => {
      const place = `${service}: ${method.toUpperCase()} ${path}`;
      const id = operation.operationId ?? '';
      const other = places.get(id);
      places.set(id, place);
      return [
        ...(other ? [`has the operationId ${id} of ${other}`] : []),
        ...operationGaps(operation, document),
        ...(Object.hasOwn(TRIALS[service], id) ? [] : [`is not called in test/clients/trials.ts`]),
      ].map((gap) => `${place} ${gap}`);
    }),
    ...trialGaps(service, document),
    ...Object.entries(document.components.schemas).flatMap(([name, schema]) =>
      [
        ...(name.startsWith('New') && document.components.schemas[name.slice('New'.length)]
          ? [`has the name of a function that clients in Go have for ${name.slice('New'.length)}`]
          : []),
        ...schemaGaps(schema),
      ].map((gap) => `${service}: the schema ${name} ${gap}`),
    ),
    ...(/jwt/i.test(JSON.stringify(document)) ? [`${service}: no key here is a JWT`] : []),
  ]);
}

function operationGaps(operation: Operation, document: OpenApi): string[] {
  const { operationId = '', summary, description, tags = [], security, parameters } = operation;
  const contents = [operation.requestBody, ...Object.values(operation.responses)];
  return [
    ...(OPERATION_ID.test(operationId)
      ? []
      : [
          `has the operationId "${operationId}", from the name of the controller's method, ` +
            'and not a verb and a noun such as listQuotes',
        ]),
    ...(summary ? [] : ['has no summary']),
    ...(description ? [] : ['has no description']),
    ...(security ? [] : ['does not say whether it needs a key']),
    ...(tags.length === 1 ? [] : ['has not exactly one tag']),
    ...tags
      .filter((tag) => !document.tags?.some(({ name, description: text }) => name === tag && text))
      .map((tag) => `has the tag "${tag}", which libs/openapi/openapi.tags.ts does not define`),
    ...(parameters ?? [])
      .filter((parameter) => !parameter.description)
      .map(({ name }) => `has the parameter ${name} without a description`),
    ...(parameters ?? []).flatMap(({ name, schema }) =>
      schemaGaps(schema ?? {}).map((gap) => `has the parameter ${name}, which ${gap}`),
    ),
    ...contents.flatMap((content) =>
      Object.entries(content?.content ?? {}).flatMap(([type, { schema }]) =>
        contentGaps(type, schema),
      ),
    ),
  ];
}

function contentGaps(type: string, schema: Schema | undefined): string[] {
  if (!schema) return [`has no schema for ${type}`];
  if (/[/+]json$/.test(type)) {
    const item = schema.type === 'array' ? schema.items : schema;
    return item?.$ref ? [] : [`has a schema for ${type} without a name: give it .meta({ id })`];
  }
  // Clients in Python take other types for JSON, and refuse them, unless they are said to be bytes.
  return type === 'text/plain' || schema.format === 'binary'
    ? []
    : [`has a schema for ${type} that is not { type: 'string', format: 'binary' }`];
}

/** What is wrong with a schema, at any depth. */
function schemaGaps(schema: Schema, isNested = false): string[] {
  const { format, pattern, properties, items, additionalProperties: others } = schema;
  const parts = [
    ...Object.values(properties ?? {}),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(items ? [items] : []),
    ...(typeof others === 'object' ? [others] : []),
  ];
  return [
    ...(format && pattern ? [`has a pattern beside the format ${format}`] : []),
    ...(isNested && properties
      ? ['has an object in it without a name: give it .meta({ id })']
      : []),
    ...parts.flatMap((part) => schemaGaps(part, true)),
  ];
}

function trialGaps(service: ServiceName, document: OpenApi): string[] {
  const ids = new Set(operationsOf(document).map(({ operation }) => operation.operationId));
  return Object.keys(TRIALS[service])
    .filter((id) => !ids.has(id))
    .map((id) => `${service}: test/clients/trials.ts calls ${id}, which is not in the document`);
}
