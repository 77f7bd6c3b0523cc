import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import { USER_KEYS } from './user.keys.ts';
import { USER_SCRIPTS } from './user.scripts.ts';

/** A user as others may see it. */
export interface User {
  id: string;
  name: string;
}

/** What is to be changed of a user. */
export interface UserChanges {
  name?: string | undefined;
  /** PHC string. */
  passwordHash?: string | undefined;
}

/** A page of users, by id. */
export interface UserPage {
  items: User[];
  total: number;
  /** Id of the last user of the page if more follow. */
  next: string | null;
}

/** Redis handles as many names in one call of a script, which takes a fraction of a millisecond. */
const NAMES_BATCH_SIZE = 128;

/** Users in Redis, and what ties them to their quotes. */
@Injectable()
export class UsersRepository {
  constructor(
    private readonly redis: RedisService,
    private readonly quotes: QuotesRepository,
  ) {
    redis.define(USER_SCRIPTS);
  }

  /**
   * Adds a user, unless the id is taken.
   * @param passwordHash PHC string
   * @returns whether the user was added
   * @throws RedisUnavailableError
   */
  async create(user: User, passwordHash: string): Promise<boolean> {
    const incarnation = randomUUID();
    const create = () =>
      this.redis.write('user.create', (client) =>
        client.createUser(
          4,
          ...[USER_KEYS.user + user.id, USER_KEYS.users, USER_KEYS.leaving, USER_KEYS.names],
          ...[user.id, user.name, passwordHash, incarnation],
        ),
      );
    let outcome = await create();
    if (outcome === 'leaving') {
      await this.finishRemoval(user.id);
      outcome = await create();
    }
    if (outcome === 'exists') {
      // A crash may have left out the second step of an earlier creation, so it is repeated.
      const existing = await this.redis.read('user.find', (client) =>
        client.hget(USER_KEYS.user + user.id, 'incarnation'),
      );
      if (existing !== null) await this.quotes.allowAuthor(user.id, existing);
      return false;
    }
    await this.quotes.allowAuthor(user.id, incarnation);
    return true;
  }

  /** @throws RedisUnavailableError */
  async find(id: string): Promise<User | undefined> {
    const name = await this.redis.read('user.find', (client) =>
      client.hget(USER_KEYS.user + id, 'name'),
    );
    return name === null ? undefined : { id, name };
  }

  /**
   * The PHC string of a user's password.
   * @throws RedisUnavailableError
   */
  async findPasswordHash(id: string): Promise<string | undefined> {
    const hash = await this.redis.read('user.findPassword', (client) =>
      client.hget(USER_KEYS.user + id, 'password'),
    );
    return hash ?? undefined;
  }

  /**
   * Users in alphabetical order of their ids.
   * @param after id after which the page starts
   * @throws RedisUnavailableError
   */
  async list(limit: number, after?: string): Promise<UserPage> {
    const [total, ...pairs] = await this.redis.read('user.list', (client) =>
      client.listUsers(
        2,
        USER_KEYS.users,
        USER_KEYS.user,
        after === undefined ? '-' : `(${after}`,
        limit + 1,
      ),
    );
    const rows: User[] = [];
    for (let i = 0; i < pairs.length; i += 2)
      rows.push({ id: String(pairs[i]), name: String(pairs[i + 1]) });
    const items = rows.slice(0, limit);
    return {
      items,
      total: Number(total),
      next: rows.length > limit ? (items.at(-1)?.id ?? null) : null,
    };
  }

  /**
   * Changes the given fields of a user.
   * @param currentHash the PHC string that the user must have now, or undefined for any
   * @returns the user, or undefined when there is no such user
   * @throws RedisUnavailableError
   */
  async change(id: string, changes: UserChanges, currentHash = ''): Promise<User | undefined> {
    const name = await this.redis.write('user.change', (client) =>
      client.changeUser(
        2,
        ...[USER_KEYS.user + id, USER_KEYS.names],
        ...[id, currentHash, changes.name ?? '', changes.passwordHash ?? ''],
      ),
    );
    return name === null ? undefined : { id, name };
  }

  /**
   * Enters the users into the hash of names who are not there, or with another name: those that
   * were written by a version without that hash. A batch is one atomic step, so that this may run
   * beside anything else, and several times at once.
   * @throws RedisUnavailableError
   */
  async completeNames(): Promise<void> {
    let last: string | null = null;
    do {
      const from: string = last === null ? '-' : `(${last}`;
      last = await this.redis.writeUnconfirmed('user.completeNames', (client) =>
        client.completeNames(
          3,
          ...[USER_KEYS.users, USER_KEYS.user, USER_KEYS.names],
          ...[from, NAMES_BATCH_SIZE],
        ),
      );
    } while (last !== null);
  }

  /**
   * Removes a user; its quotes stay, unsigned. {@link finishRemovals} finishes what a crash
   * interrupts.
   * @returns whether there was such a user
   * @throws RedisUnavailableError
   */
  async delete(id: string): Promise<boolean> {
    const incarnation = await this.redis.write('user.remove', (client) =>
      client.removeUser(
        4,
        ...[USER_KEYS.user + id, USER_KEYS.users, USER_KEYS.leaving, USER_KEYS.names],
        id,
      ),
    );
    if (incarnation === null) return false;
    await this.finishRemoval(id);
    return true;
  }

  /**
   * Finishes the removals that a crash interrupted.
   * @throws RedisUnavailableError
   */
  async finishRemovals(): Promise<void> {
    const leaving = await this.redis.read('user.leaving', (client) =>
      client.hkeys(USER_KEYS.leaving),
    );
    for (const id of leaving) await this.finishRemoval(id);
  }

  private async finishRemoval(id: string): Promise<void> {
    const incarnation = await this.redis.read('user.leaving', (client) =>
      client.hget(USER_KEYS.leaving, id),
    );
    if (incarnation === null) return;
    await this.quotes.unsign(id, incarnation);
    await this.redis.write('user.removed', (client) => client.hdel(USER_KEYS.leaving, id));
  }
}
