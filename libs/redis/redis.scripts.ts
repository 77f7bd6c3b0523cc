import type { Result } from 'ioredis';
import type { RedisClient } from './redis.connection.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    addQuotes(keyCount: number, ...keysAndArgs: (string | number)[]): Result<string[], Context>;
    deleteQuote(keyCount: number, ...keysAndArgs: (string | number)[]): Result<DeleteOutcome, Context>;
    listQuotes(keyCount: number, ...keysAndArgs: (string | number)[]): Result<(string | number)[], Context>;
    listQuotesBuffer(keyCount: number, ...keysAndArgs: (string | number)[]): Result<(Buffer | number)[], Context>;
    randomQuoteBuffer(keyCount: number, ...keysAndArgs: (string | number)[]): Result<Buffer | null, Context>;
    unsignQuotes(keyCount: number, ...keysAndArgs: (string | number)[]): Result<number, Context>;
    createUser(keyCount: number, ...keysAndArgs: (string | number)[]): Result<CreateUserOutcome, Context>;
    removeUser(keyCount: number, ...keysAndArgs: (string | number)[]): Result<string | null, Context>;
    listUsers(keyCount: number, ...keysAndArgs: (string | number)[]): Result<(string | number)[], Context>;
    placeOrder(keyCount: number, ...keysAndArgs: (string | number)[]): Result<string | null, Context>;
    saveOrderPayment(keyCount: number, ...keysAndArgs: (string | number)[]): Result<number, Context>;
    advanceOrder(keyCount: number, ...keysAndArgs: (string | number)[]): Result<AdvanceOutcome, Context>;
    listOrders(keyCount: number, ...keysAndArgs: (string | number)[]): Result<[number, ...string[]], Context>;
    rememberProducts(keyCount: number, ...keysAndArgs: (string | number)[]): Result<number, Context>;
    inspectLog(keyCount: number, log: string): Result<[string, string, number, number], Context>;
    countFailure(keyCount: number, ...keysAndArgs: (string | number)[]): Result<null, Context>;
    provenLogin(keyCount: number, ...keysAndArgs: (string | number)[]): Result<null, Context>;
    throttle(keyCount: number, ...keysAndArgs: (string | number)[]): Result<[number, number, number], Context>;
  }
}

/** What came of the deletion of a quote. */
export type DeleteOutcome = 'deleted' | 'absent' | 'forbidden';
/** What came of the creation of a user; `leaving`: an earlier user of that id is still being removed. */
export type CreateUserOutcome = 'created' | 'exists' | 'leaving';

/** What came of an event about an order. */
export type AdvanceOutcome = 'advanced' | 'unchanged' | 'repeated' | 'unknown';

/** How many event ids an order remembers; those beyond count by what they say alone, which moves an order forward only. */
const MOST_EVENTS = 100;

/** How many orders that have ended one script clears away. */
const MOST_CLEARED = 100;

/** How many changes the log keeps; a search replica that was away for longer rebuilds its index. */
const LOG_LENGTH = 100_000;

/**
 * The Lua scripts: each is one atomic step, and one round trip. A quote and all its index entries change together, so that
 * no crash leaves one without the other. Keys built inside a script carry the hash tag of the keys it was given.
 */
export const SCRIPTS = {
  /**
   * KEYS quote: quotes by: authors clock log imported; ARGV shards shard now createdAt, then per quote: user, text (JSON), digest.
   * Answers per quote its new id, `unknown` when the user may not sign, or `known` when a digest was imported before.
   */
  addQuotes: `
    local quote, quotes, by, authors, clock, log, imported = unpack(KEYS)
    local shards, now = tonumber(ARGV[1]), tonumber(ARGV[3])
    local last = tonumber(redis.call('GET', clock) or 0)
    local id = math.max(now - now % shards + tonumber(ARGV[2]), last + shards)
    local answers = {}
    for i = 5, #ARGV, 3 do
      local user, text, digest = ARGV[i], ARGV[i + 1], ARGV[i + 2]
      local name = string.format('%.0f', id)
      if user ~= '' and not redis.call('HGET', authors, user) then
        answers[#answers + 1] = 'unknown'
      elseif digest ~= '' and redis.call('HSETNX', imported, digest, name) == 0 then
        answers[#answers + 1] = 'known'
      else
        redis.call('SET', quote .. name, '{"id":"' .. name .. '","user_id":' .. (user == '' and 'null' or '"' .. user .. '"')
          .. ',"created_at":"' .. ARGV[4] .. '","quote":' .. text .. '}')
        redis.call('ZADD', quotes, name, name)
        if user ~= '' then redis.call('ZADD', by .. user, name, name) end
        redis.call('XADD', log, 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'u', name)
        answers[#answers + 1] = name
        last, id = id, id + shards
      end
    end
    redis.call('SET', clock, string.format('%.0f', last))
    return answers`,

  /** KEYS quote: quotes by: log imported; ARGV id, author whose quote it must be or ''. Answers a DeleteOutcome. */
  deleteQuote: `
    local quote, quotes, by, log, imported = unpack(KEYS)
    local id, author = ARGV[1], ARGV[2]
    local document = redis.call('GET', quote .. id)
    if not document then return 'absent' end
    local user = string.match(document, '^{"id":"%d+","user_id":"([^"]*)"')
    if author ~= '' and user ~= author then return 'forbidden' end
    redis.call('DEL', quote .. id)
    redis.call('ZREM', quotes, id)
    if user then redis.call('ZREM', by .. user, id) end
    redis.call('XADD', log, 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'd', id)
    local digest = string.sub(redis.sha1hex(string.match(document, '"quote":(.*)}$')), 1, 20)
    if redis.call('HGET', imported, digest) == id then redis.call('HDEL', imported, digest) end
    return 'deleted'`,

  /** KEYS sorted set, quote:; ARGV newest id wanted (exclusive) or '+inf', count. Answers total, then id and document in turns, newest first. */
  listQuotes: `
    local answer = { redis.call('ZCARD', KEYS[1]) }
    local ids = redis.call('ZRANGE', KEYS[1], ARGV[1], '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2])
    if #ids == 0 then return answer end
    local names = {}
    for i, id in ipairs(ids) do names[i] = KEYS[2] .. id end
    for i, document in ipairs(redis.call('MGET', unpack(names))) do
      answer[#answer + 1] = ids[i]
      answer[#answer + 1] = document
    end
    return answer`,

  /** KEYS quotes, quote:. Answers a document, or nothing when there is none. */
  randomQuote: `
    local id = redis.call('ZRANDMEMBER', KEYS[1])
    return id and redis.call('GET', KEYS[2] .. id)`,

  /**
   * KEYS quote: by: authors log; ARGV user, incarnation, count. Takes the right to sign away from that incarnation of the user and unsigns up to
   * count of its quotes. Answers how many it unsigned. A later user of the same id is left alone.
   */
  unsignQuotes: `
    local quote, by, authors, log = unpack(KEYS)
    local user, incarnation = ARGV[1], ARGV[2]
    local current = redis.call('HGET', authors, user)
    if current and current ~= incarnation then return 0 end
    redis.call('HDEL', authors, user)
    local ids = redis.call('ZRANGE', by .. user, 0, ARGV[3] - 1)
    for _, id in ipairs(ids) do
      local document = redis.call('GET', quote .. id)
      local from, to = string.find(document, '"user_id":"' .. user .. '"', 1, true)
      redis.call('SET', quote .. id, string.sub(document, 1, from - 1) .. '"user_id":null' .. string.sub(document, to + 1))
      redis.call('ZREM', by .. user, id)
      redis.call('XADD', log, 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'u', id)
    end
    return #ids`,

  /**
   * KEYS log. Answers the replication id, which changes when history may have been lost; the newest entry; how many entries were ever added; how many are left.
   */
  inspectLog: `
    local replication = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
    if redis.call('EXISTS', KEYS[1]) == 0 then return { replication, '0-0', 0, 0 } end
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    local fields = {}
    for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
    return { replication, fields['last-generated-id'], fields['entries-added'], fields['length'] }`,

  /** KEYS user:id users leaving; ARGV id, name, password, incarnation. Answers a CreateUserOutcome. */
  createUser: `
    if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return 'leaving' end
    if redis.call('EXISTS', KEYS[1]) == 1 then return 'exists' end
    redis.call('HSET', KEYS[1], 'name', ARGV[2], 'password', ARGV[3], 'incarnation', ARGV[4])
    redis.call('ZADD', KEYS[2], 0, ARGV[1])
    return 'created'`,

  /** KEYS user:id users leaving; ARGV id. Removes the user and notes that its quotes are to be unsigned. Answers its incarnation, or nothing when absent. */
  removeUser: `
    local incarnation = redis.call('HGET', KEYS[1], 'incarnation')
    if not incarnation then return redis.call('HGET', KEYS[3], ARGV[1]) end
    redis.call('DEL', KEYS[1])
    redis.call('ZREM', KEYS[2], ARGV[1])
    redis.call('HSET', KEYS[3], ARGV[1], incarnation)
    return incarnation`,

  /** KEYS users, user:; ARGV lowest id wanted in ZRANGEBYLEX form, count. Answers total, then id and name in turns, by id. */
  listUsers: `
    local answer = { redis.call('ZCARD', KEYS[1]) }
    for _, id in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[1], '+', 'BYLEX', 'LIMIT', 0, ARGV[2])) do
      answer[#answer + 1] = id
      answer[#answer + 1] = redis.call('HGET', KEYS[2] .. id, 'name')
    end
    return answer`,

  /** KEYS counters; ARGV seconds. Counts one in each, for that long after its first. */
  countFailure: `
    for _, key in ipairs(KEYS) do
      if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[1]) end
    end`,

  /** KEYS proven:id; ARGV network, milliseconds, count to keep, seconds. Remembers that a user has logged in from a network. */
  provenLogin: `
    redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
    redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
    redis.call('EXPIRE', KEYS[1], ARGV[4])`,

  /**
   * KEYS order: history: orders token: cart text: open open:cart:id open:client:address; ARGV id, token, order (JSON), digest of its contents, score, history entry,
   * seconds an unfinished order is reused, seconds that an unpaid one lives, most open ones of a cart, of a client, its address, then digest and text in turns.
   * Places an order, unless the cart has an unfinished one of the same contents. Answers the id of the one that counts, or nothing when too many are open.
   * What it writes ends by itself, unless it is paid.
   */
  placeOrder: `
    local order, history, orders, token, cart, text, open, ofCart, ofClient = unpack(KEYS)
    local id, life = ARGV[1], tonumber(ARGV[8])
    local newest = redis.call('GET', cart)
    if newest then
      local known = redis.call('HMGET', order .. newest, 'digest', 'state')
      if known[1] == ARGV[4] and (known[2] == 'created' or known[2] == 'failed') then return newest end
    end
    local now = tonumber(redis.call('TIME')[1]) * 1000
    if redis.call('ZCOUNT', ofCart, now, '+inf') >= tonumber(ARGV[9]) then return false end
    if redis.call('ZCOUNT', ofClient, now, '+inf') >= tonumber(ARGV[10]) then return false end
    redis.call('HSET', order .. id, 'order', ARGV[3], 'digest', ARGV[4], 'state', 'created', 'client', ARGV[11])
    redis.call('EXPIRE', order .. id, life)
    redis.call('RPUSH', history .. id, ARGV[6])
    redis.call('EXPIRE', history .. id, life)
    redis.call('ZADD', orders, ARGV[5], id)
    redis.call('SET', token .. ARGV[2], id, 'EX', life)
    redis.call('SET', cart, id, 'EX', ARGV[7])
    for i = 12, #ARGV, 2 do
      local key = text .. ARGV[i]
      local left = redis.call('TTL', key)
      if left == -2 then redis.call('SET', key, ARGV[i + 1], 'EX', life)
      elseif left >= 0 and left < life then redis.call('EXPIRE', key, life) end
    end
    redis.call('ZADD', open, now + life * 1000, id)
    for _, key in ipairs({ ofCart, ofClient }) do
      redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
      redis.call('ZADD', key, now + life * 1000, id)
      redis.call('EXPIRE', key, life)
    end
    for _, ended in ipairs(redis.call('ZRANGE', open, '-inf', now, 'BYSCORE', 'LIMIT', 0, ${MOST_CLEARED})) do
      redis.call('ZREM', open, ended)
      redis.call('ZREM', orders, ended)
    end
    return id`,

  /** KEYS order:id; ARGV payment (JSON). Notes where an order is paid, unless it has ended. */
  saveOrderPayment: `return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HSET', KEYS[1], 'payment', ARGV[1]) or 0`,

  /**
   * KEYS order:id history:id events:id token: text: open open:; ARGV id, event id, state, history entry, seconds that money may be on its way, states from the first
   * to the last. Moves an order forward, never back, so that events may come in any order and any number of times; from the first money on it never ends.
   * Answers an AdvanceOutcome.
   */
  advanceOrder: `
    local order, history, events, token, text, open, openOf = unpack(KEYS)
    local id, state = ARGV[1], ARGV[3]
    local current, json, client = unpack(redis.call('HMGET', order, 'state', 'order', 'client'))
    if not current then return 'unknown' end
    if redis.call('SISMEMBER', events, ARGV[2]) == 1 then return 'repeated' end
    if redis.call('SCARD', events) < ${MOST_EVENTS} then redis.call('SADD', events, ARGV[2]) end
    local placed = cjson.decode(json)
    local keys = { order, history, events, token .. placed.token }
    for _, line in ipairs(placed.lines) do
      if line[2] then keys[#keys + 1] = text .. line[2] end
    end
    local left = redis.call('TTL', order)
    if left > 0 then redis.call('EXPIRE', events, left) end
    local rank = {}
    for i = 6, #ARGV do rank[ARGV[i]] = i end
    if state == 'created' and left >= 0 and rank[current] < rank['paid'] then
      local life = tonumber(ARGV[5])
      for _, key in ipairs(keys) do
        local ttl = redis.call('TTL', key)
        if ttl >= 0 and ttl < life then redis.call('EXPIRE', key, life) end
      end
      redis.call('ZADD', open, (tonumber(redis.call('TIME')[1]) + life) * 1000, id)
      return 'unchanged'
    end
    if rank[state] <= rank[current] then return 'unchanged' end
    redis.call('HSET', order, 'state', state)
    redis.call('RPUSH', history, ARGV[4])
    if rank[state] >= rank['expired'] then
      redis.call('ZREM', openOf .. 'cart:' .. placed.cart, id)
      if client then redis.call('ZREM', openOf .. 'client:' .. client, id) end
    end
    if rank[state] >= rank['paid'] then
      for _, key in ipairs(keys) do redis.call('PERSIST', key) end
      redis.call('HDEL', order, 'client')
      redis.call('ZREM', open, id)
    end
    return 'advanced'`,

  /**
   * KEYS orders, order:, open; ARGV score below which the page starts, as ZRANGE takes it, count. Answers total, then score, order (JSON) and state in turns,
   * newest first, without those that have ended.
   */
  listOrders: `
    local now = tonumber(redis.call('TIME')[1]) * 1000
    for _, ended in ipairs(redis.call('ZRANGE', KEYS[3], '-inf', now, 'BYSCORE', 'LIMIT', 0, ${MOST_CLEARED})) do
      redis.call('ZREM', KEYS[3], ended)
      redis.call('ZREM', KEYS[1], ended)
    end
    local answer = { redis.call('ZCARD', KEYS[1]) }
    for _, id in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[1], '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2])) do
      local order = redis.call('HMGET', KEYS[2] .. id, 'order', 'state')
      if order[1] then
        answer[#answer + 1] = string.format('%.0f', redis.call('ZSCORE', KEYS[1], id))
        answer[#answer + 1] = order[1]
        answer[#answer + 1] = order[2]
      end
    end
    return answer`,

  /** KEYS product products; ARGV milliseconds, count to keep, then id and quote (JSON) in turns. Answers how many were forgotten. */
  rememberProducts: `
    local product, products = unpack(KEYS)
    for i = 3, #ARGV, 2 do
      redis.call('HSET', product, ARGV[i], ARGV[i + 1])
      redis.call('ZADD', products, ARGV[1], ARGV[i])
    end
    local old = redis.call('ZRANGE', products, 0, -1 - ARGV[2])
    if #old > 0 then
      redis.call('HDEL', product, unpack(old))
      redis.call('ZREM', products, unpack(old))
    end
    return #old`,

  /**
   * KEYS list of times; ARGV limit, window in microseconds. Admits the request if fewer than limit were admitted within the window before now:
   * a sliding log, exact however many replicas ask. Answers admitted (1 or 0), requests left, microseconds until one more may come.
   */
  throttle: `
    local key, limit, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local oldest = redis.call('LINDEX', key, 0)
    -- A time to come is of a clock that stepped back since. Such requests count as made now, so that the client waits for a window at most.
    if oldest and tonumber(oldest) > now then
      local times = redis.call('LRANGE', key, 0, -1)
      redis.call('DEL', key)
      for _, time in ipairs(times) do redis.call('RPUSH', key, string.format('%.0f', math.min(time, now))) end
      redis.call('PEXPIRE', key, math.ceil(window / 1000))
      oldest = now
    end
    while oldest and now - oldest >= window do
      redis.call('LPOP', key)
      oldest = redis.call('LINDEX', key, 0)
    end
    local count = redis.call('LLEN', key)
    if count >= limit then return { 0, 0, window - (now - oldest) } end
    redis.call('RPUSH', key, string.format('%.0f', now))
    redis.call('PEXPIRE', key, math.ceil(window / 1000))
    return { 1, limit - count - 1, window - (now - (oldest or now)) }`,
} as const;

/**
 * What goes on when Redis' memory is full, where all else that adds is refused: the limits, or whoever fills the memory would be free of them, and what payments
 * say. All they add is bounded. Deletions need no leave: Redis lets a script finish that has begun with one.
 */
const ALLOWED_WHEN_FULL: ReadonlySet<string> = new Set<keyof typeof SCRIPTS>([
  'throttle',
  'countFailure',
  'advanceOrder',
]);

/** What changes nothing, and says so: Redis carries it out while it holds writes back. */
const READS: ReadonlySet<string> = new Set<keyof typeof SCRIPTS>([
  'listQuotes',
  'randomQuote',
  'inspectLog',
  'listUsers',
]);

/** Makes the scripts callable on a client, by EVALSHA. */
export function defineScripts(client: RedisClient): void {
  for (const [name, script] of Object.entries(SCRIPTS)) {
    const flag = (READS.has(name) && 'no-writes') || (ALLOWED_WHEN_FULL.has(name) && 'allow-oom');
    client.defineCommand(name, { lua: flag ? `#!lua flags=${flag}\n${script}` : script });
  }
}
