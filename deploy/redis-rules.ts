import { SNAPSHOT_KEYS } from '#apps/search/src/snapshot.keys.ts';
import { SNAPSHOT_SCRIPTS } from '#apps/search/src/snapshot.scripts.ts';
import { PRODUCT_KEYS } from '#apps/shop/src/catalogue/product.keys.ts';
import { PRODUCT_SCRIPTS } from '#apps/shop/src/catalogue/product.scripts.ts';
import { ORDER_KEYS } from '#apps/shop/src/orders/order.keys.ts';
import { ORDER_SCRIPTS } from '#apps/shop/src/orders/order.scripts.ts';
import { CHANGE_LOG_SCRIPTS } from '#libs/quotes/change.log.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { QUOTE_SCRIPTS } from '#libs/quotes/quote.scripts.ts';
import type { Script } from '#libs/redis/redis.scripts.ts';
import { ANNOUNCEMENTS } from '#libs/redis/sentinel.connector.ts';
import type { RedisRules, RedisUser } from '#libs/redis-acl/redis.acl.ts';
import { THROTTLE_KEY } from '#libs/throttling/throttle.keys.ts';
import { THROTTLE_SCRIPTS } from '#libs/throttling/throttle.scripts.ts';
import { LOGIN_KEYS } from '#libs/users/login.keys.ts';
import { LOGIN_SCRIPTS } from '#libs/users/login.scripts.ts';
import { USER_KEYS } from '#libs/users/user.keys.ts';
import { USER_SCRIPTS } from '#libs/users/user.scripts.ts';

/**
 * The users of Redis and of its Sentinels, each with the commands and keys that it needs and no
 * more. It knows the keys of every feature. A command that a service newly sends belongs here as
 * well: the end-to-end tests run every service as its user, and fail when Redis has refused a
 * command. `npm run docs` writes the rules into libs/redis-acl/redis.rules.json, where deployments
 * and tests read them.
 */

/** Commands that may be used on keys, and not on others. */
interface Grant {
  readonly commands: readonly string[];
  /** Names of keys; one that ends in `:` stands for all that begin so. */
  readonly keys: readonly string[];
}

/** The rights of a user. */
interface Rights {
  /** Rules that concern no key, in Redis' own form. */
  readonly rules: string;
  readonly grants?: readonly Grant[];
}

/** The keys of every shard. */
const SHARD = shardKeys('*');

const commands = (names: string, ...keys: string[]): Grant => ({
  commands: names.split(' '),
  keys,
});

/** A script with its commands and the keys it is given. Redis checks its commands one by one. */
function script({ lua }: Script, ...keys: string[]): Grant {
  const inside = [...lua.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, command = '']) =>
    command.toLowerCase(),
  );
  return { commands: ['evalsha', 'eval', ...new Set(inside)], keys };
}

/**
 * Every connection of a service needs these: the client's greeting, readiness, the nodes of a
 * cluster and the names of connections to them, the replica that confirms a write.
 */
const CONNECTION = '+ping +info +client|setname +select +wait +cluster|slots +cluster|info +asking';
/** Every service counts the requests of its clients. */
const THROTTLE = script(THROTTLE_SCRIPTS.throttle, THROTTLE_KEY);

const KEYS_OF_NEW_QUOTES = [
  SHARD.quote,
  SHARD.quotes,
  SHARD.byUser,
  SHARD.authors,
  SHARD.clock,
  SHARD.log,
  SHARD.imported,
];
const ADD_QUOTES = script(QUOTE_SCRIPTS.addQuotes, ...KEYS_OF_NEW_QUOTES);
const RESTORE_QUOTES = script(QUOTE_SCRIPTS.restoreQuotes, ...KEYS_OF_NEW_QUOTES);
/** The creation of a user finishes the removal of an earlier one of the same id. */
const CREATE_USER = [
  script(
    USER_SCRIPTS.createUser,
    ...[USER_KEYS.user, USER_KEYS.users, USER_KEYS.leaving, USER_KEYS.names],
  ),
  script(QUOTE_SCRIPTS.unsignQuotes, SHARD.quote, SHARD.byUser, SHARD.authors, SHARD.log),
  commands('hget', USER_KEYS.user, USER_KEYS.leaving),
  commands('hdel', USER_KEYS.leaving),
  commands('hset', SHARD.authors),
];
/** Whoever verifies the passwords of users, which `hget` reads, also counts failed logins. */
const LOGINS = [
  commands('mget', LOGIN_KEYS.failures),
  commands('zscore', LOGIN_KEYS.proven),
  script(LOGIN_SCRIPTS.countFailure, LOGIN_KEYS.failures),
  script(LOGIN_SCRIPTS.provenLogin, LOGIN_KEYS.proven),
];

const USERS = {
  users: {
    rules: CONNECTION,
    grants: [
      THROTTLE,
      ...CREATE_USER,
      script(USER_SCRIPTS.changeUser, USER_KEYS.user, USER_KEYS.names),
      script(
        USER_SCRIPTS.removeUser,
        ...[USER_KEYS.user, USER_KEYS.users, USER_KEYS.leaving, USER_KEYS.names],
      ),
      script(USER_SCRIPTS.completeNames, USER_KEYS.users, USER_KEYS.user, USER_KEYS.names),
      script(USER_SCRIPTS.listUsers, USER_KEYS.users, USER_KEYS.user),
      commands('hkeys', USER_KEYS.leaving),
      ...LOGINS,
    ],
  },
  quotes: {
    rules: CONNECTION,
    grants: [
      THROTTLE,
      commands('get mget', SHARD.quote),
      script(QUOTE_SCRIPTS.findQuotes, SHARD.quote),
      script(QUOTE_SCRIPTS.randomQuote, SHARD.quotes, SHARD.quote),
      script(QUOTE_SCRIPTS.listQuotes, SHARD.quotes, SHARD.byUser, SHARD.quote),
      ADD_QUOTES,
      script(
        QUOTE_SCRIPTS.changeQuote,
        ...[SHARD.quote, SHARD.byUser, SHARD.authors, SHARD.log, SHARD.imported],
      ),
      script(
        QUOTE_SCRIPTS.deleteQuote,
        SHARD.quote,
        SHARD.quotes,
        SHARD.byUser,
        SHARD.log,
        SHARD.imported,
      ),
      commands('zcard zrange', SHARD.quotes),
      commands('hget', USER_KEYS.user),
      ...LOGINS,
    ],
  },
  search: {
    rules: CONNECTION,
    grants: [
      THROTTLE,
      commands('get mget', SHARD.quote),
      commands('zrange', SHARD.quotes),
      commands('xread xrange', SHARD.log),
      script(CHANGE_LOG_SCRIPTS.inspectLog, SHARD.log),
      commands('lindex lrange', SNAPSHOT_KEYS.snapshot),
      commands('rpush rpushx expire', SNAPSHOT_KEYS.next),
      script(
        SNAPSHOT_SCRIPTS.replaceSnapshot,
        ...[SNAPSHOT_KEYS.next, SNAPSHOT_KEYS.snapshot, SNAPSHOT_KEYS.old],
      ),
      commands('set', SNAPSHOT_KEYS.lock),
    ],
  },
  shop: {
    rules: CONNECTION,
    grants: [
      THROTTLE,
      script(ORDER_SCRIPTS.placeOrder, ...Object.values(ORDER_KEYS)),
      script(ORDER_SCRIPTS.advanceOrder, ...Object.values(ORDER_KEYS)),
      script(ORDER_SCRIPTS.saveOrderPayment, ORDER_KEYS.order),
      script(ORDER_SCRIPTS.listOrders, ORDER_KEYS.orders, ORDER_KEYS.order, ORDER_KEYS.open),
      script(PRODUCT_SCRIPTS.rememberProducts, PRODUCT_KEYS.product, PRODUCT_KEYS.products),
      commands('hmget', ORDER_KEYS.order),
      commands('mget', ORDER_KEYS.text),
      commands('lrange', ORDER_KEYS.history),
      commands('get', ORDER_KEYS.token),
      commands('hmget hdel', PRODUCT_KEYS.product),
      commands('zrevrange zrem', PRODUCT_KEYS.products),
      // Of users it may see the names alone.
      commands('hmget', USER_KEYS.names),
    ],
  },
  import: {
    rules: CONNECTION,
    grants: [ADD_QUOTES, RESTORE_QUOTES, commands('hmget', SHARD.imported), ...CREATE_USER],
  },
  /** Copies the data set as a replica would. */
  backup: { rules: '+ping +info +sync +psync +replconf' },
  /**
   * The exporter of metrics. It may not use CONFIG, which would show it passwords, nor SLOWLOG GET,
   * which would show it what others write.
   */
  exporter: {
    rules: '+ping +info +select +client|setname +slowlog|len +latency|latest +latency|histogram',
  },
  /** The nodes themselves: replication, probes, and the planned failover. */
  node: { rules: '+ping +info +role +psync +replconf' },
  /** What Sentinels do on the nodes that they watch. */
  sentinel: {
    rules:
      '&__sentinel__:hello +ping +info +subscribe +publish +multi +exec +slaveof +failover ' +
      '+config|rewrite +client|setname +client|kill +client|pause +client|unpause +script|kill',
  },
  /** People, and what they start, such as the restore of a backup. */
  operator: { rules: '~* &* +@all' },
} as const satisfies Record<RedisUser, Rights>;

/** Rights at a Sentinel, where the users have the same names and passwords. */
const CHANNELS = ANNOUNCEMENTS.map((channel) => `&${channel}`).join(' ');
const GET_MASTER = '+sentinel|master +sentinel|get-master-addr-by-name';
const ASK_FOR_MASTER = `${CHANNELS} +ping +subscribe ${GET_MASTER}`;
const SENTINEL_USERS = {
  users: ASK_FOR_MASTER,
  quotes: ASK_FOR_MASTER,
  search: ASK_FOR_MASTER,
  shop: ASK_FOR_MASTER,
  import: ASK_FOR_MASTER,
  node: `+ping +info ${GET_MASTER} +sentinel|failover +sentinel|ckquorum`,
  sentinel: '&__sentinel__:hello +ping +publish +client|setname +sentinel|is-master-down-by-addr',
  operator: '&* +@all',
} as const satisfies Partial<Record<RedisUser, string>>;

/** The rules of every user, in Redis' own form, as libs/redis-acl/redis.rules.json holds them. */
export function redisRules(): string {
  const redis = Object.entries<Rights>(USERS).map(([user, { rules, grants = [] }]) => [
    user,
    [rules, ...grants.map(selector)],
  ]);
  const sentinel = Object.entries(SENTINEL_USERS).map(([user, rules]) => [user, [rules]]);
  const all: RedisRules = {
    redis: Object.fromEntries(redis),
    sentinel: Object.fromEntries(sentinel),
  };
  return `${JSON.stringify(all, null, 2)}\n`;
}

/** A grant in Redis' own form. */
function selector({ commands: names, keys }: Grant): string {
  const patterns = keys.map((key) => `~${key.endsWith(':') ? `${key}*` : key}`);
  return `(${[...patterns, ...names.map((name) => `+${name}`)].join(' ')})`;
}
