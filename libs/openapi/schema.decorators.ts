import { Body, Param, Query } from '@nestjs/common';
import type { ZodType } from 'zod';
import { SchemaPipe } from './schema.pipe.ts';

const pipe = new SchemaPipe();

/** The body, validated against a schema. */
export const ValidBody = (schema: ZodType) => Body({ schema, pipes: [pipe] });

/** The query parameters, validated against an object schema. */
export const ValidQuery = (schema: ZodType) => Query({ schema, pipes: [pipe] });

/** A path parameter, validated against a schema. */
export const ValidParam = (name: string, schema: ZodType) => Param(name, { schema, pipes: [pipe] });
