import { createHash } from 'node:crypto';
import { LOGIN_KEYS, SHOP_KEYS, SNAPSHOT_KEYS, shardKeys, THROTTLE_KEY, USER_KEYS } from './redis.keys.ts';
import { SCRIPTS } from './redis.scripts.ts';
import { ANNOUNCEMENTS } from './sentinel.connector.ts';

/**
 * The users of Redis and of its Sentinels, each with the commands and keys that it needs and no more. A command that a service newly sends belongs here as well:
 * the end-to-end tests run every service as its user, and fail when Redis has refused a command.
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

const commands = (names: string, ...keys: string[]): Grant => ({ commands: names.split(' '), keys });

/** A script, the commands in it, and the keys it is given. Redis checks each of the script's commands as well. */
function script(name: keyof typeof SCRIPTS, ...keys: string[]): Grant {
  const inside = [...SCRIPTS[name].matchAll(/redis\.p?call\('(\w+)'/g)].map(([, command = '']) =>
    command.toLowerCase(),
  );
  return { commands: ['evalsha', 'eval', ...new Set(inside)], keys };
}

/** What every connection of a service needs: the client's greeting, readiness, the nodes of a cluster and the names of connections to them, the replica that confirms a write. */
const CONNECTION = '+ping +info +client|setname +select +wait +cluster|slots +cluster|info +asking';
/** Every service counts the requests of its clients. */
const THROTTLE = script('throttle', THROTTLE_KEY);

const ADD_QUOTES = script(
  'addQuotes',
  ...[SHARD.quote, SHARD.quotes, SHARD.byUser, SHARD.authors, SHARD.clock, SHARD.log, SHARD.imported],
);
/** The creation of a user finishes the removal of an earlier one of the same id. */
const CREATE_USER = [
  script('createUser', USER_KEYS.user, USER_KEYS.users, USER_KEYS.leaving),
  script('unsignQuotes', SHARD.quote, SHARD.byUser, SHARD.authors, SHARD.log),
  commands('hget', USER_KEYS.user, USER_KEYS.leaving),
  commands('hdel', USER_KEYS.leaving),
  commands('hset', SHARD.authors),
];

/** The keys of the shelf, and those of orders. */
const { product, products, ...ORDER } = SHOP_KEYS;

const USERS = {
  users: {
    rules: CONNECTION,
    grants: [
      THROTTLE,
      ...CREATE_USER,
      script('removeUser', USER_KEYS.user, USER_KEYS.users, USER_KEYS.leaving),
      script('listUsers', USER_KEYS.users, USER_KEYS.user),
      commands('hkeys', USER_KEYS.leaving),
    ],
  },
  quotes: {
    rules: CONNECTION,
    grants: [
      THROTTLE,
      commands('get', SHARD.quote),
      script('randomQuote', SHARD.quotes, SHARD.quote),
      script('listQuotes', SHARD.quotes, SHARD.byUser, SHARD.quote),
      ADD_QUOTES,
      script('deleteQuote', SHARD.quote, SHARD.quotes, SHARD.byUser, SHARD.log, SHARD.imported),
      commands('zcard', SHARD.quotes),
      // The password of the user who signs, and what came of logins.
      commands('hget', USER_KEYS.user),
      commands('mget', LOGIN_KEYS.failures),
      commands('zscore', LOGIN_KEYS.proven),
      script('countFailure', LOGIN_KEYS.failures),
      script('provenLogin', LOGIN_KEYS.proven),
    ],
  },
  search: {
    rules: `${CONNECTION} +multi +exec`,
    grants: [
      THROTTLE,
      commands('get mget', SHARD.quote),
      commands('zrange', SHARD.quotes),
      commands('xread xrange', SHARD.log),
      script('inspectLog', SHARD.log),
      commands('lindex lrange persist', SNAPSHOT_KEYS.snapshot),
      commands('rpush expire', SNAPSHOT_KEYS.next),
      commands('rename', SNAPSHOT_KEYS.snapshot, SNAPSHOT_KEYS.next, SNAPSHOT_KEYS.old),
      commands('unlink', SNAPSHOT_KEYS.old),
      commands('set', SNAPSHOT_KEYS.lock),
    ],
  },
  shop: {
    rules: CONNECTION,
    grants: [
      THROTTLE,
      script('placeOrder', ...Object.values(ORDER)),
      script('advanceOrder', ...Object.values(ORDER)),
      script('saveOrderPayment', ORDER.order),
      script('listOrders', ORDER.orders, ORDER.order, ORDER.open),
      script('rememberProducts', product, products),
      commands('hmget', ORDER.order),
      commands('mget', ORDER.text),
      commands('lrange', ORDER.history),
      commands('get', ORDER.token),
      commands('hget hmget hdel', product),
      commands('zrevrange zrem', products),
    ],
  },
  import: { rules: CONNECTION, grants: [ADD_QUOTES, ...CREATE_USER] },
  /** Copies the data set as a replica would. */
  backup: { rules: '+ping +info +sync +psync +replconf' },
  /** The exporter of metrics. Neither CONFIG, which would show it passwords, nor SLOWLOG GET, which would show it what others write. */
  exporter: { rules: '+ping +info +select +client|setname +slowlog|len +latency|latest +latency|histogram' },
  /** The nodes themselves: replication, probes, the hand-over of the master's role. */
  node: { rules: '+ping +info +role +psync +replconf' },
  /** What Sentinels do on the nodes that they watch. */
  sentinel: {
    rules:
      '&__sentinel__:hello +ping +info +subscribe +publish +multi +exec +slaveof +failover +config|rewrite +client|setname +client|kill +client|pause +client|unpause +script|kill',
  },
  /** People, and what they start: the restore of a backup. */
  operator: { rules: '~* &* +@all' },
} as const satisfies Record<string, Rights>;

/** Who may ask a Sentinel for what; the same names and passwords. */
const ASK_FOR_MASTER = `${ANNOUNCEMENTS.map((channel) => `&${channel}`).join(' ')} +ping +subscribe +sentinel|master +sentinel|get-master-addr-by-name`;
const SENTINEL_USERS = {
  users: ASK_FOR_MASTER,
  quotes: ASK_FOR_MASTER,
  search: ASK_FOR_MASTER,
  shop: ASK_FOR_MASTER,
  import: ASK_FOR_MASTER,
  node: '+ping +info +sentinel|master +sentinel|get-master-addr-by-name +sentinel|failover +sentinel|ckquorum',
  sentinel: '&__sentinel__:hello +ping +publish +client|setname +sentinel|is-master-down-by-addr',
  operator: '&* +@all',
} as const satisfies Partial<Record<RedisUser, string>>;

/**
 * The user of connections that have not logged in: none can. It keeps its rights all the same, because Redis reads its append-only file back as this user, and would
 * leave out every script and transaction that it may not use.
 */
const NOBODY = 'user default off resetpass ~* &* +@all';

/** A user of Redis. */
export type RedisUser = keyof typeof USERS;

/** All users of Redis. */
export const REDIS_USERS = Object.keys(USERS) as RedisUser[];

/** The passwords that each user may log in with; who has none is left out. */
export type RedisPasswords = Partial<Record<RedisUser, readonly string[]>>;

/** The ACL file of a Redis node. It holds hashes of the passwords; nobody gets in without one. */
export function redisAcl(passwords: RedisPasswords): string {
  return acl(passwords, (user) => {
    const { rules, grants = [] }: Rights = USERS[user];
    return [rules, ...grants.map(selector)].join(' ');
  });
}

/** The ACL file of a Sentinel. */
export function sentinelAcl(passwords: RedisPasswords): string {
  return acl(passwords, (user) => (SENTINEL_USERS as Partial<Record<RedisUser, string>>)[user]);
}

function acl(passwords: RedisPasswords, rulesOf: (user: RedisUser) => string | undefined): string {
  const lines = REDIS_USERS.flatMap((user) => {
    const hashes = (passwords[user] ?? []).map((password) => `#${createHash('sha256').update(password).digest('hex')}`);
    const rules = rulesOf(user);
    return hashes.length > 0 && rules ? [`user ${user} on ${hashes.join(' ')} resetchannels -@all ${rules}`] : [];
  });
  return `${[NOBODY, ...lines].join('\n')}\n`;
}

/** A grant in Redis' own form. */
function selector({ commands: names, keys }: Grant): string {
  const patterns = keys.map((key) => `~${key.endsWith(':') ? `${key}*` : key}`);
  return `(${[...patterns, ...names.map((name) => `+${name}`)].join(' ')})`;
}
