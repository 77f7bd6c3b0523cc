import { type ExecutionContext, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ZodObject } from 'zod';

type PageRequest = FastifyRequest<{ Querystring: Record<string, unknown> }>;

/**
 * Leaves in the query of a page only the parameters that its schema knows, and of a repeated one
 * the first. Other sites append parameters of their own to links that lead here (`utm_source`,
 * `fbclid`), which must not cost a visitor the page.
 * @param isPage which requests are for the page, where the same address answers programs too; their
 *   queries stay as they are
 */
export function PageQuery(
  schema: ZodObject,
  isPage: (request: FastifyRequest) => boolean = () => true,
) {
  const names = Object.keys(schema.shape);
  return UseGuards({
    canActivate(context: ExecutionContext): boolean {
      const [request] = context.getArgs<[PageRequest]>();
      if (isPage(request)) request.query = firstOf(names, request.query);
      return true;
    },
  });
}

function firstOf(names: readonly string[], query: Record<string, unknown>) {
  const given = names.filter((name) => Object.hasOwn(query, name));
  return Object.fromEntries(given.map((name) => [name, [query[name]].flat()[0]]));
}
