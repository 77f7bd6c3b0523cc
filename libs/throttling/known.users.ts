import type { FastifyRequest } from 'fastify';

/** Who a limiter asks whether a request comes of a user: provided by an app that has users. */
export abstract class KnownUsers {
  /**
   * The id of the user whose credentials the request bears, if they were verified here before and
   * still hold. It costs no derivation of a password, since the request is not admitted yet.
   */
  abstract known(request: FastifyRequest): Promise<string | undefined>;

  /**
   * Begins to verify the credentials of a request that was admitted, so that its user is known from
   * then on.
   */
  abstract learn(request: FastifyRequest): void;
}
