import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { invalidRequest, ProblemError } from '#libs/problem/problem.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import { hashPassword } from '#libs/users/password.ts';
import {
  type NewUserBody,
  shortPasswordProblem,
  type UserListQuery,
} from '#libs/users/user.schema.ts';
import { type User, type UserPage, UsersRepository } from '#libs/users/users.repository.ts';

/** The rules about users. */
@Injectable()
export class UsersService implements OnApplicationBootstrap {
  constructor(
    private readonly users: UsersRepository,
    private readonly redis: RedisService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Finishes what a crash of this service or of Redis may have interrupted. If that fails, the next
   * connection or a repeated deletion finishes it.
   */
  onApplicationBootstrap(): void {
    this.redis.whenConnected(() => void this.users.finishRemovals().catch(() => {}));
  }

  /**
   * @throws ProblemError invalid-request when the password is too short; conflict when the id is
   *   taken
   */
  async create({ id, name, password }: NewUserBody): Promise<User> {
    const short = shortPasswordProblem(password, this.config.PASSWORD_MIN_LENGTH);
    if (short) throw invalidRequest([{ field: 'password', message: short }]);
    if (!(await this.users.create({ id, name }, await hashPassword(password)))) {
      throw new ProblemError('conflict', `There is a user "${id}" already`);
    }
    return { id, name };
  }

  /** Users in order of their ids. */
  list({ limit, cursor }: UserListQuery): Promise<UserPage> {
    return this.users.list(limit, cursor);
  }

  /** @throws ProblemError not-found */
  async find(id: string): Promise<User> {
    const user = await this.users.find(id);
    if (!user) throw new ProblemError('not-found', `There is no user "${id}"`);
    return user;
  }

  /**
   * Removes a user; its quotes stay, unsigned.
   * @throws ProblemError not-found
   */
  async delete(id: string): Promise<void> {
    if (!(await this.users.delete(id)))
      throw new ProblemError('not-found', `There is no user "${id}"`);
  }
}
