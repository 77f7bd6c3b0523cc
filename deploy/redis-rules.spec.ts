import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { SNAPSHOT_KEYS } from '#apps/search/src/snapshot.keys.ts';
import { ORDER_KEYS } from '#apps/shop/src/orders/order.keys.ts';
import { APPS } from '#libs/config/services.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { REDIS_USERS, type RedisUser, redisAcl, sentinelAcl } from '#libs/redis-acl/redis.acl.ts';
import { keyFamilies } from '#libs/testing/key-families.ts';
import { Platform } from '#libs/testing/platform.ts';
import { QuoteWriter } from '#libs/testing/quote-writer.ts';
import { redisPassword } from '#libs/testing/redis-users.ts';
import { USER_KEYS } from '#libs/users/user.keys.ts';
import { redisRules } from './redis-rules.ts';

const platform = new Platform([], false);
beforeAll(() => platform.start());
afterAll(() => platform.stop());

const shard = shardKeys(3);
const hash = `${USER_KEYS.user}tintin`;
const REFUSED = /no permissions/;
const others = REDIS_USERS.filter((user) => user !== 'operator');

/** What Redis would answer to a command of a user. */
async function answer(user: RedisUser, ...command: string[]): Promise<string> {
  return String(await platform.redis.call('ACL', 'DRYRUN', user, ...command));
}

/** Connects a client, which emits `error` when it is not let in. */
function connect(username?: string, password?: string): Redis {
  const [host, port] = platform.redisAddress.split(':');
  // As the services do, it does not tell its name, which no ACL of Redis 7.0 could allow.
  const login = {
    ...(username && { username }),
    ...(password && { password }),
    disableClientInfo: true,
  };
  return new Redis(Number(port), host ?? '', login);
}

it.each([
  [undefined, undefined, 'NOAUTH'],
  ['default', 'nopass', 'WRONGPASS'],
  ['search', redisPassword('quotes'), 'WRONGPASS'],
])('lets nobody in without the right password: %s', async (username, password, refusal) => {
  const client = connect(username, password);
  const [error] = await once(client, 'error');
  client.disconnect();
  expect(String(error)).toMatch(refusal);
});

it('reads back after a restart what was written', async () => {
  const writer = new QuoteWriter(platform.redis);
  await writer.add('first', 'second');
  await platform.signalRedis('SIGKILL');
  await platform.startRedis();
  expect(await platform.redis.zcard(writer.keys.quotes)).toBe(2);
});

it.each(others)('lets %s do nothing that is for the operator', async (user) => {
  for (const command of [
    ...[
      'FLUSHALL',
      'FLUSHDB',
      'CONFIG GET *',
      'CONFIG SET dir /',
      'KEYS *',
      'SCAN 0',
      'DEBUG SLEEP 0',
      'SHUTDOWN',
    ],
    ...[
      'ACL LIST',
      'ACL SETUSER x',
      'MODULE LIST',
      'MONITOR',
      'SCRIPT FLUSH',
      'CLIENT LIST',
      'CLIENT KILL 1:1',
      'SAVE',
    ],
    ...[
      'MIGRATE 1 1 x 0 1',
      'RESTORE x 0 x',
      'DUMP x',
      'SWAPDB 0 1',
      'FUNCTION FLUSH',
      'SLOWLOG GET',
      'CLUSTER RESET',
    ],
  ]) {
    // A Sentinel must end the connections of clients to a master that it has replaced.
    if (user === 'sentinel' && command.startsWith('CLIENT KILL')) continue;
    expect([command, await answer(user, ...command.split(' '))]).toEqual([
      command,
      expect.stringMatching(REFUSED),
    ]);
  }
});

it.each(others.filter((user) => !['users', 'quotes', 'import'].includes(user)))(
  'keeps password hashes from %s',
  async (user) => {
    for (const command of [
      ...[
        `HGET ${hash} password`,
        `HGETALL ${hash}`,
        `HVALS ${hash}`,
        `HSCAN ${hash} 0`,
        `SORT x BY nosort GET ${hash}->*`,
      ],
      ...[
        `COPY ${hash} x`,
        `RENAME ${hash} x`,
        `EVAL x 1 ${hash}`,
        `EVALSHA x 1 ${hash}`,
        `OBJECT ENCODING ${hash}`,
      ],
    ]) {
      expect([command, await answer(user, ...command.split(' '))]).toEqual([
        command,
        expect.stringMatching(REFUSED),
      ]);
    }
  },
);

it('keeps password hashes from a script of search as well', async () => {
  await platform.redis.hset(hash, 'password', 'a hash');
  const client = connect('search', redisPassword('search'));
  const script = "return redis.call(ARGV[1], ARGV[2], 'password')";
  for (const command of ['HGET', 'RENAME', 'COPY', 'HRANDFIELD']) {
    // Redis and Valkey 9 word this differently.
    await expect(client.eval(script, 1, shard.log, command, hash)).rejects.toThrow(
      /can't (access|run)|ERR ACL failure in script: /,
    );
  }
  client.disconnect();
  await platform.redis.acl('LOG', 'RESET');
});

it('lets the shop read the names of users, and nothing else of them', async () => {
  expect(await answer('shop', 'HMGET', USER_KEYS.names, 'tintin')).toBe('OK');
  for (const command of [
    ['HSET', USER_KEYS.names, 'tintin', 'x'],
    ['HGETALL', USER_KEYS.names],
    ['HMGET', hash, 'name'],
    ['ZRANGE', USER_KEYS.users, '0', '-1'],
  ]) {
    expect([command, await answer('shop', ...command)]).toEqual([
      command,
      expect.stringMatching(REFUSED),
    ]);
  }
});

it.each<[RedisUser, string[]]>([
  ['users', ['DEL', `${shard.quote}1`]],
  ['users', ['HGET', `${ORDER_KEYS.order}1`, 'order']],
  ['quotes', ['HSET', hash, 'password', 'x']],
  ['quotes', ['DEL', hash]],
  ['quotes', ['HMGET', USER_KEYS.names, 'tintin']],
  ['search', ['HMGET', USER_KEYS.names, 'tintin']],
  ['quotes', ['HGET', `${ORDER_KEYS.order}1`, 'order']],
  ['quotes', ['LRANGE', SNAPSHOT_KEYS.snapshot, '0', '1']],
  ['search', ['SET', `${shard.quote}1`, 'x']],
  ['search', ['DEL', shard.log]],
  ['search', ['XADD', shard.log, '*', 'u', '1']],
  ['search', ['SET', SNAPSHOT_KEYS.snapshot, 'x']],
  ['shop', ['GET', `${shard.quote}1`]],
  ['shop', ['SET', `${shard.quote}1`, 'x']],
  ['import', ['DEL', `${shard.quote}1`]],
  ['import', ['HGET', `${ORDER_KEYS.order}1`, 'order']],
  ['backup', ['GET', `${shard.quote}1`]],
  ['node', ['REPLICAOF', 'NO', 'ONE']],
  ['exporter', ['GET', `${shard.quote}1`]],
])('refuses %s %j', async (user, command) => {
  expect(await answer(user, ...command)).toMatch(REFUSED);
});

it('stands in the file that deployments and tests read as the features need it', () => {
  expect(readFileSync('libs/redis-acl/redis.rules.json', 'utf8')).toBe(redisRules());
});

it('lets a service use every key of the platform, and no service any other', () => {
  const families = keyFamilies();
  const file = redisAcl(Object.fromEntries(REDIS_USERS.map((user) => [user, ['x']])));
  const patterns = APPS.flatMap((user) => {
    const [, rules = ''] = new RegExp(`^user ${user} (.*)$`, 'm').exec(file) ?? [];
    return [...rules.matchAll(/~(\S+)/g)].map(([, pattern = '']) =>
      pattern.replace('{q*}', '{q0}'),
    );
  });
  expect([...new Set(patterns)].sort()).toEqual(families.map(({ key }) => key).sort());
});

it('takes two passwords of a user, while one replaces the other, and stores neither', async () => {
  const passwords = { search: ['the-old-one', 'the-new-one'] };
  for (const file of [redisAcl(passwords), sentinelAcl(passwords)]) {
    expect(file).not.toMatch(/the-old-one|the-new-one/);
    expect(file.split('\n').map((line) => line.split(' ')[1])).toEqual([
      'default',
      'search',
      undefined,
    ]);
  }
  const [, search = ''] = redisAcl(passwords).split('\n');
  await platform.redis.acl('SETUSER', 'rotating', ...search.split(' ').slice(2));
  for (const password of passwords.search) {
    const client = connect('rotating', password);
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  }
});
