import { readFileSync } from 'node:fs';
import { SERVICES, type ServiceName } from '#libs/config/services.ts';

/** A schema, as far as the checks look at it. */
export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  pattern?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

type Content = Record<string, { schema?: Schema }>;

/** An operation of a document. */
export interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Record<string, unknown>[];
  parameters?: {
    name: string;
    in: 'path' | 'query' | 'header';
    description?: string;
    schema?: Schema;
  }[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
}

/** An OpenAPI document of a service. */
export interface OpenApi {
  tags?: { name: string; description?: string }[];
  paths: Record<string, Partial<Record<Method, Operation>>>;
  components: { schemas: Record<string, Schema> };
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
export type Method = (typeof METHODS)[number];

/** The operations of a document, each with its method and path. */
export function operationsOf(document: OpenApi) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ method, path, operation }] : [];
    }),
  );
}

/** The documents as they are committed. */
export function readDocuments(): Map<ServiceName, OpenApi> {
  return new Map(
    SERVICES.map(({ name }) => [name, JSON.parse(readFileSync(documentPath(name), 'utf8'))]),
  );
}

/** Path of the document of a service. */
export const documentPath = (service: string) => `docs/openapi/${service}.json`;
