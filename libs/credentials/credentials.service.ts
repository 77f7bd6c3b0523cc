import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse as parseBasic } from 'basic-auth';
import type { FastifyRequest } from 'fastify';
import { networkOf } from '#libs/http/client.address.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { RedisUnavailableError } from '#libs/redis/redis.service.ts';
import { idSchema } from '#libs/schema/text.schema.ts';
import { KnownUsers } from '#libs/throttling/known.users.ts';
import type { Priority } from '#libs/users/derivation.queue.ts';
import { type LoginStanding, LoginsRepository } from '#libs/users/logins.repository.ts';
import { derivations, hashPassword, verifyPassword } from '#libs/users/password.ts';
import { passwordLength } from '#libs/users/user.schema.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import { logins } from './login.metrics.ts';
import { VerifiedCredentials } from './verified.credentials.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The login with the credentials that the request bears, once somebody has asked for it. */
    login?: Promise<VerifiedUser | undefined>;
  }
}

/** A longer header field holds more than any password in any form, and is not worth a look. */
const MAX_FIELD_LENGTH = 'Basic '.length + 2048;

/** After so many failed logins of an account from one network, no more of them are tried. */
const MAX_PAIR_FAILURES = 20;
/** The same of an account, from all networks from which it has never logged in. */
const MAX_ACCOUNT_FAILURES = 100;
/** The same of a network, at accounts that have failed lately. */
const MAX_NETWORK_FAILURES = 100;
/** The same of a network, at other accounts: thousands of people may share it, and mistype. */
const MAX_NETWORK_FAILURES_ELSEWHERE = 1000;

/** A user who has shown the right password. */
export interface VerifiedUser {
  id: string;
  /** The PHC string of that password. A password that is changed later has another one. */
  passwordHash: string;
}

/**
 * Verifies the Basic credentials (RFC 7617) of users. Good ones are remembered for an hour by a
 * keyed hash of password and stored hash, so that a removed user or a changed password counts at
 * once, and the failures of others do not delay them. Wrong ones are never remembered. All others
 * wait for their derivation, one at a time: first logins from a network that the user has logged in
 * from, then those with no failures against them, last those whose account and network have both
 * failed.
 */
@Injectable()
export class CredentialsService extends KnownUsers {
  private readonly verified = new VerifiedCredentials();
  private decoy: Promise<string> | undefined;

  constructor(
    private readonly users: UsersRepository,
    private readonly logins: LoginsRepository,
  ) {
    super();
  }

  async known(request: FastifyRequest): Promise<string | undefined> {
    const credentials = parseCredentials(request.headers.authorization);
    if (!credentials) return undefined;
    const { id, password } = credentials;
    const stored = await this.users.findPasswordHash(id).catch((error: unknown) => {
      if (!(error instanceof RedisUnavailableError)) throw error;
      return undefined;
    });
    if (stored === undefined || !this.verified.remembers(password, stored)) return undefined;
    request.login = Promise.resolve({ id, passwordHash: stored });
    return id;
  }

  learn(request: FastifyRequest): void {
    // Reading is open to all: whoever reads does not wait for it, nor hears that it failed.
    this.login(request).catch(() => {});
  }

  /**
   * The user whose credentials a request bears, or undefined when they are wrong. They are verified
   * once, whoever asks.
   * @throws ProblemError too-many-failed-logins; busy; RedisUnavailableError
   */
  login(request: FastifyRequest): Promise<VerifiedUser | undefined> {
    request.login ??= this.verify(request.headers.authorization, networkOf(request.ip));
    return request.login;
  }

  /**
   * The user whose credentials the header field holds, or undefined when they are wrong.
   * @param network from which they come
   * @throws ProblemError too-many-failed-logins; busy; RedisUnavailableError
   */
  async verify(
    authorization: string | undefined,
    network: string,
  ): Promise<VerifiedUser | undefined> {
    const credentials = parseCredentials(authorization);
    if (!credentials) return undefined;
    const { id, password } = credentials;
    const stored = await this.users.findPasswordHash(id);
    if (stored !== undefined && this.verified.remembers(password, stored))
      return { id, passwordHash: stored };

    const judge = async () =>
      priorityOf(await this.logins.standing(id, network), stored !== undefined);
    const priority = await judge();
    // An unknown user costs the same time as a known one, so that ids cannot be told apart.
    const hash = stored ?? (await this.hashOfNobody());
    const matches = await derivations.run(priority, network, async () => {
      // The login is judged again here, and its failure counted before the next turn, so that one
      // replica keeps exactly to the limits.
      await judge();
      // Another request with the same credentials may have had its turn before.
      const isKnown = this.verified.remembers(password, hash);
      const matched = isKnown || ((await verifyPassword(password, hash)) && stored !== undefined);
      // The password may have been changed, or the user removed, while this login waited.
      const right = matched && (await this.users.findPasswordHash(id)) === stored;
      if (right) this.verified.remember(password, hash);
      else await this.logins.failed(id, network);
      if (!isKnown || !right) logins.inc({ outcome: right ? 'verified' : 'failed' });
      return right;
    });
    if (!matches) return undefined;
    // Without this record the user waits among all others the next time.
    await this.logins.succeeded(id, network).catch(() => {});
    return { id, passwordHash: hash };
  }

  private hashOfNobody(): Promise<string> {
    this.decoy ??= hashPassword(randomBytes(16).toString('hex'));
    return this.decoy;
  }
}

/**
 * The priority of a login, by what is known of its account and network. Whether the account exists
 * decides only the order and never the answer, which would reveal it.
 * @throws ProblemError too-many-failed-logins
 */
function priorityOf(
  { failures: { account, network, pair }, proven }: LoginStanding,
  exists: boolean,
): Priority {
  const maxNetworkFailures = account > 0 ? MAX_NETWORK_FAILURES : MAX_NETWORK_FAILURES_ELSEWHERE;
  const isOverLimit = account >= MAX_ACCOUNT_FAILURES || network >= maxNetworkFailures;
  if (pair >= MAX_PAIR_FAILURES || (!proven && isOverLimit)) {
    logins.inc({ outcome: 'refused' });
    throw new ProblemError('too-many-failed-logins');
  }
  if (proven) return 0;
  return (1 + Number(network > 0) + Number(account > 0 || !exists)) as Priority;
}

/** The id and password that Basic credentials hold, or undefined when no user can have them. */
function parseCredentials(
  authorization: string | undefined,
): { id: string; password: string } | undefined {
  if (authorization === undefined || authorization.length > MAX_FIELD_LENGTH) return undefined;
  const { name: id, pass: password } = parseBasic(authorization) ?? { name: '', pass: '' };
  const sound =
    idSchema.safeParse(id).success && password.length > 0 && passwordLength(password) <= 128;
  return sound ? { id, password } : undefined;
}
