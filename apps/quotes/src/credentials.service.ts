import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse as parseBasic } from 'basic-auth';
import { ProblemError } from '#libs/problem/problem.ts';
import { idSchema } from '#libs/schema/text.schema.ts';
import type { Lane } from '#libs/users/derivation.queue.ts';
import { type LoginStanding, LoginsRepository } from '#libs/users/logins.repository.ts';
import { derivations, hashPassword, verifyPassword } from '#libs/users/password.ts';
import { passwordLength } from '#libs/users/user.schema.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import { logins } from './login.metrics.ts';
import { VerifiedCredentials } from './verified.credentials.ts';

/** A longer header field holds more than any password in any form, and is not worth a look. */
const LONGEST_FIELD = 'Basic '.length + 2048;

/** Failed logins within the window after which no more are tried: of one account from one network, and of one account from networks that it never logged in from. */
const PAIR_BUDGET = 20;
const ACCOUNT_BUDGET = 100;
/** The same of one network: at accounts that have failed lately, and at others; behind one address there may be thousands of people who mistype. */
const NETWORK_BUDGET = 100;
const WIDE_NETWORK_BUDGET = 1000;

/**
 * Verifies the Basic credentials (RFC 7617) of users. Good ones are remembered for an hour, and nobody else's failures
 * concern them; wrong ones are never remembered. All others wait for the one derivation at a time:
 * first who has logged in from that network before, then those with nothing against them, last those whose account and network both have failed.
 */
@Injectable()
export class CredentialsService {
  private readonly verified = new VerifiedCredentials();
  private decoy: Promise<string> | undefined;

  constructor(
    private readonly users: UsersRepository,
    private readonly logins: LoginsRepository,
  ) {}

  /**
   * The id of the user whose credentials the header field holds, or undefined when it holds no good ones.
   * @param network from which they come
   * @throws ProblemError too-many-failed-logins; busy; RedisUnavailableError
   */
  async verify(authorization: string | undefined, network: string): Promise<string | undefined> {
    const credentials = parseCredentials(authorization);
    if (!credentials) return undefined;
    const { id, password } = credentials;
    const stored = await this.users.findPasswordHash(id);
    if (stored !== undefined && this.verified.remembers(password, stored)) return id;

    const judge = async () => laneOf(await this.logins.standing(id, network), stored !== undefined);
    const lane = await judge();
    // An unknown user costs the same time as a known one, so that ids cannot be told apart.
    const hash = stored ?? (await this.hashOfNobody());
    const matches = await derivations.run(lane, network, async () => {
      // Judged again, and counted before the next one's turn: the budget is kept to the very number by a replica.
      await judge();
      const right = (await verifyPassword(password, hash)) && stored !== undefined;
      if (!right) await this.logins.failed(id, network);
      return right;
    });
    if (!matches) {
      logins.inc({ outcome: 'failed' });
      return undefined;
    }
    logins.inc({ outcome: 'verified' });
    this.verified.remember(password, hash);
    // Without it the user is only one of many the next time.
    await this.logins.succeeded(id, network).catch(() => {});
    return id;
  }

  private hashOfNobody(): Promise<string> {
    this.decoy ??= hashPassword(randomBytes(16).toString('hex'));
    return this.decoy;
  }
}

/**
 * The lane of a login, by what is known of those who try. Whether the account exists decides on the order only, never on the answer, which would tell it.
 * @throws ProblemError too-many-failed-logins
 */
function laneOf(
  { failures: { account, network, pair }, proven }: LoginStanding,
  exists: boolean,
): Lane {
  const isOverBudget =
    account >= ACCOUNT_BUDGET || network >= (account > 0 ? NETWORK_BUDGET : WIDE_NETWORK_BUDGET);
  if (pair >= PAIR_BUDGET || (!proven && isOverBudget)) {
    logins.inc({ outcome: 'refused' });
    throw new ProblemError('too-many-failed-logins');
  }
  if (proven) return 0;
  return (1 + Number(network > 0) + Number(account > 0 || !exists)) as Lane;
}

/** The id and password that Basic credentials hold, or undefined when no user can have them. */
function parseCredentials(
  authorization: string | undefined,
): { id: string; password: string } | undefined {
  if (authorization === undefined || authorization.length > LONGEST_FIELD) return undefined;
  const { name: id, pass: password } = parseBasic(authorization) ?? { name: '', pass: '' };
  const sound =
    idSchema.safeParse(id).success && password.length > 0 && passwordLength(password) <= 128;
  return sound ? { id, password } : undefined;
}
