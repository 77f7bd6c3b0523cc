import { SetMetadata } from '@nestjs/common';

/** Metadata key of {@link ReadAhead}. */
export const READ_AHEAD = Symbol('READ_AHEAD');

/**
 * Lets a handler that only reads run while Redis still judges the request: count and read share one
 * round trip, and the answer is withheld if the client is over the limit.
 */
export const ReadAhead = () => SetMetadata(READ_AHEAD, true);
