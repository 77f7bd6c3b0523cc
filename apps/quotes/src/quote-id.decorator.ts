import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { invalidRequest } from '#libs/problem/problem.ts';
import { QUOTE_ID } from '#libs/quotes/quote.schema.ts';

/**
 * The quote id in the path. It is checked while it is extracted, because a pipe would cost the
 * hottest route a fifth of its throughput.
 */
export const QuoteId = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string => {
    const [request] = context.getArgs<[FastifyRequest<{ Params: { id: string } }>]>();
    const { id } = request.params;
    if (!QUOTE_ID.test(id))
      throw invalidRequest([{ field: 'id', message: 'must be 1 to 16 decimal digits' }]);
    return id;
  },
  [
    (target, key) => {
      const descriptor =
        key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
      if (key !== undefined && descriptor) {
        ApiParam({
          name: 'id',
          description: 'id of the quote',
          schema: { type: 'string', pattern: QUOTE_ID.source },
          example: '1763740800000000',
        })(target, key, descriptor);
      }
    },
  ],
);
