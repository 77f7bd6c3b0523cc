import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config/config.ts';
import type { VerifiedUser } from '#libs/credentials/credentials.service.ts';
import { isMetWithoutTag, type Precondition, preconditionFailed } from '#libs/http/precondition.ts';
import { invalidRequest, ProblemError } from '#libs/problem/problem.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import { hashPassword } from '#libs/users/password.ts';
import {
  type NewUserBody,
  shortPasswordProblem,
  type UserChangesBody,
  type UserListQuery,
} from '#libs/users/user.schema.ts';
import { type User, type UserPage, UsersRepository } from '#libs/users/users.repository.ts';

/**
 * The rules about users. In each, `by` is the user who asks; undefined for the admin. A user has no
 * entity tag, so that a precondition that names one is not met.
 */
@Injectable()
export class UsersService implements OnApplicationBootstrap {
  /** Whether the names of users written by earlier versions are complete, or will be. */
  private completesNames = false;

  constructor(
    private readonly users: UsersRepository,
    private readonly redis: RedisService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Finishes what a crash of this service or of Redis may have interrupted. If that fails, the next
   * connection or a repeated deletion finishes it. The names are completed once; nobody waits for
   * them.
   */
  onApplicationBootstrap(): void {
    this.redis.whenConnected(() => {
      void this.users.finishRemovals().catch(() => {});
      if (this.completesNames) return;
      this.completesNames = true;
      void this.users.completeNames().catch(() => {
        this.completesNames = false;
      });
    });
  }

  /**
   * @param precondition on the list of users
   * @throws ProblemError invalid-request when the password is too short; precondition-failed;
   *   conflict when the id is taken
   */
  async create({ id, name, password }: NewUserBody, precondition: Precondition): Promise<User> {
    this.refuseShort(password);
    if (!isMetWithoutTag(precondition)) throw preconditionFailed('The list of users');
    if (!(await this.users.create({ id, name }, await hashPassword(password)))) {
      throw new ProblemError('conflict', `There is a user "${id}" already`);
    }
    return { id, name };
  }

  /** Users in order of their ids; for a user, a list of that user alone. */
  async list({ limit, cursor }: UserListQuery, by: VerifiedUser | undefined): Promise<UserPage> {
    if (by) return { items: [await this.find(by.id, by)], total: 1, next: null };
    return this.users.list(limit, cursor);
  }

  /** @throws ProblemError not-found; forbidden when a user asks for another */
  async find(id: string, by: VerifiedUser | undefined): Promise<User> {
    refuseOthers(id, by);
    const user = await this.users.find(id);
    if (!user) throw new ProblemError('not-found', `There is no user "${id}"`);
    return user;
  }

  /**
   * Changes the name or the password of a user, or both. The old password is worth nothing from
   * then on, wherever it was used.
   * @throws ProblemError invalid-request when the password is too short; not-found; forbidden when
   *   a user asks for another; precondition-failed; unauthorized when the password of the user who
   *   asks was changed meanwhile
   */
  async change(
    id: string,
    { name, password }: UserChangesBody,
    by: VerifiedUser | undefined,
    precondition: Precondition,
  ): Promise<User> {
    refuseOthers(id, by);
    if (password !== undefined) this.refuseShort(password);
    await this.refuseUnmet(id, precondition);
    let passwordHash: string | undefined;
    if (password !== undefined) {
      passwordHash = await hashPassword(password, by && `user:${by.id}`);
    }
    const changed = await this.users.change(id, { name, passwordHash }, by?.passwordHash);
    if (changed) return changed;
    throw by
      ? new ProblemError('unauthorized')
      : new ProblemError('not-found', `There is no user "${id}"`);
  }

  /**
   * Removes a user; its quotes stay, unsigned.
   * @throws ProblemError not-found; precondition-failed
   */
  async delete(id: string, precondition: Precondition): Promise<void> {
    await this.refuseUnmet(id, precondition);
    if (!(await this.users.delete(id)))
      throw new ProblemError('not-found', `There is no user "${id}"`);
  }

  /** @throws ProblemError not-found; precondition-failed */
  private async refuseUnmet(id: string, precondition: Precondition): Promise<void> {
    if (isMetWithoutTag(precondition)) return;
    await this.find(id, undefined);
    throw preconditionFailed(`User "${id}"`);
  }

  /** @throws ProblemError invalid-request */
  private refuseShort(password: string): void {
    const short = shortPasswordProblem(password, this.config.PASSWORD_MIN_LENGTH);
    if (short) throw invalidRequest([{ field: 'password', message: short }]);
  }
}

/** @throws ProblemError forbidden when a user asks for another */
function refuseOthers(id: string, by: VerifiedUser | undefined): void {
  if (by === undefined || by.id === id) return;
  throw new ProblemError('forbidden', `The credentials are those of "${by.id}", not of "${id}"`);
}
