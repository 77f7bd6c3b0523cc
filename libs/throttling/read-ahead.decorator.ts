import { SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Metadata key of {@link ReadAhead}. */
export const READ_AHEAD = Symbol('READ_AHEAD');

/** Whether the handler of a request may run while Redis still judges it. */
export type ReadAheadWhen = (request: FastifyRequest) => boolean;

/**
 * Lets a handler that only reads run while Redis still judges the request: count and read share one
 * round trip, and the answer is withheld if the client is over the limit.
 * @param when for which requests; by default for all
 */
export const ReadAhead = (when: ReadAheadWhen = () => true) => SetMetadata(READ_AHEAD, when);
