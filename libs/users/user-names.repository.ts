import { Injectable } from '@nestjs/common';
import { RedisService } from '#libs/redis/redis.service.ts';
import { USER_KEYS } from './user.keys.ts';

/** The names of users, for services that may see nothing else of them. */
@Injectable()
export class UserNamesRepository {
  constructor(private readonly redis: RedisService) {}

  /**
   * The names of users by their ids, without those that are not there.
   * @param ids 100 at most
   * @throws RedisUnavailableError
   */
  async namesOf(ids: readonly string[]): Promise<Map<string, string>> {
    if (ids.length === 0) return new Map();
    const names = await this.redis.read('user.names', (client) =>
      client.hmget(USER_KEYS.names, ...ids),
    );
    return new Map(
      ids.flatMap((id, i) => {
        const name = names[i];
        return typeof name === 'string' ? [[id, name]] : [];
      }),
    );
  }
}
