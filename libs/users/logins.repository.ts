import { Injectable } from '@nestjs/common';
import { RedisService } from '#libs/redis/redis.service.ts';
import { LOGIN_KEYS } from './login.keys.ts';
import { LOGIN_SCRIPTS } from './login.scripts.ts';

/** How long a failed login counts. */
export const FAILURE_WINDOW_SECONDS = 15 * 60;
/** How long a network is remembered from which a user has logged in. */
const PROVEN_SECONDS = 30 * 24 * 60 * 60;
/** The networks that a user used last are remembered. */
const MAX_PROVEN_NETWORKS = 16;

/** What is known of an account and of the network from which somebody logs in to it. */
export interface LoginStanding {
  /**
   * Failed logins within the window: of the account from everywhere, of the network at any account,
   * and of the account from this network.
   */
  failures: { account: number; network: number; pair: number };
  /** Whether the account has logged in from this network before. */
  proven: boolean;
}

/** Failed logins, and the networks from which users have logged in, shared by all replicas. */
@Injectable()
export class LoginsRepository {
  constructor(private readonly redis: RedisService) {
    redis.define(LOGIN_SCRIPTS);
  }

  /** @throws RedisUnavailableError */
  async standing(id: string, network: string): Promise<LoginStanding> {
    const [[account, ofNetwork, pair], score] = await this.redis.read('login.standing', (client) =>
      Promise.all([
        client.mget(counters(id, network)),
        client.zscore(LOGIN_KEYS.proven + id, network),
      ]),
    );
    return {
      failures: { account: Number(account), network: Number(ofNetwork), pair: Number(pair) },
      proven: score !== null,
    };
  }

  /**
   * Counts a failed login.
   * @throws RedisUnavailableError
   */
  async failed(id: string, network: string): Promise<void> {
    const keys = counters(id, network);
    await this.redis.writeUnconfirmed('login.failed', (client) =>
      client.countFailure(keys.length, ...keys, FAILURE_WINDOW_SECONDS),
    );
  }

  /**
   * Remembers that the account has logged in from the network.
   * @throws RedisUnavailableError
   */
  async succeeded(id: string, network: string): Promise<void> {
    await this.redis.writeUnconfirmed('login.succeeded', (client) =>
      client.provenLogin(
        1,
        LOGIN_KEYS.proven + id,
        network,
        Date.now(),
        MAX_PROVEN_NETWORKS,
        PROVEN_SECONDS,
      ),
    );
  }
}

/**
 * The keys under which a failed login is counted. An id holds neither `@` nor `/`, so that no two
 * of them are alike.
 */
function counters(id: string, network: string): string[] {
  return [`account:${id}`, `network:${network}`, `pair:${id}@${network}`].map(
    (name) => LOGIN_KEYS.failures + name,
  );
}
