import type { Result } from 'ioredis';
import type { Scripts } from '#libs/redis/redis.scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    placeOrder(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<[] | [order: string, payment: string | null] | null, Context>;
    saveOrderPayment(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<number, Context>;
    advanceOrder(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<AdvanceOutcome, Context>;
    listOrders(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<[number, ...string[]], Context>;
  }
}

/** What came of an event about an order. */
export type AdvanceOutcome = 'advanced' | 'unchanged' | 'repeated' | 'unknown';

/**
 * How many event ids an order remembers. An event that is repeated beyond this number cannot move
 * the order back either.
 */
const MAX_EVENTS = 100;

/** How many disputes an order remembers; it hears of no more than these. Hardly any has two. */
const MAX_DISPUTES = 10;

/** How long a history is at most. Only disputes can move an order back and forth. */
const MAX_HISTORY = 50;

/** How many expired orders one call removes from the lists. */
const MAX_CLEARED = 100;

/** The scripts of orders. */
export const ORDER_SCRIPTS = {
  /**
   * KEYS order: history: orders token: cart text: open open:cart:id open:client:address; ARGV id,
   * token, order (JSON), digest of its contents, score, history entry, seconds an unfinished order
   * is reused, seconds that an unpaid one lives, how many may be open of a cart, of a client, its
   * address, then digest and text in turns. Places an order, unless the cart has an unfinished one
   * of the same contents. Answers an empty list, or that order (JSON) and its payment (JSON), or
   * nothing when too many are open. All keys that it writes expire, until the order is paid.
   */
  placeOrder: {
    lua: `
    local order, history, orders, token, cart, text, open, ofCart, ofClient = unpack(KEYS)
    local id, life = ARGV[1], tonumber(ARGV[8])
    local newest = redis.call('GET', cart)
    if newest then
      local known = redis.call('HMGET', order .. newest, 'digest', 'state', 'order', 'payment')
      local isOpen = known[2] == 'created' or known[2] == 'failed'
      if isOpen and known[1] == ARGV[4] then return { known[3], known[4] } end
    end
    local now = tonumber(redis.call('TIME')[1]) * 1000
    if redis.call('ZCOUNT', ofCart, now, '+inf') >= tonumber(ARGV[9]) then return false end
    if redis.call('ZCOUNT', ofClient, now, '+inf') >= tonumber(ARGV[10]) then return false end
    redis.call('HSET', order .. id, 'order', ARGV[3], 'digest', ARGV[4],
      'state', 'created', 'client', ARGV[11])
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
    local ended = redis.call('ZRANGE', open, '-inf', now, 'BYSCORE', 'LIMIT', 0, ${MAX_CLEARED})
    for _, old in ipairs(ended) do
      redis.call('ZREM', open, old)
      redis.call('ZREM', orders, old)
    end
    return {}`,
  },

  /** KEYS order:id; ARGV payment (JSON). Stores where an order is paid, unless it has expired. */
  saveOrderPayment: {
    lua: `return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HSET', KEYS[1], 'payment', ARGV[1]) or 0`,
  },

  /**
   * KEYS order:id history:id events:id token: text: open open:; ARGV id, event id, state, history
   * entry (JSON, without its state), seconds that money may be on its way, id of the dispute that
   * the event is about or nothing, seconds since 1970 of that event, states of a payment from the
   * first to the last. A payment moves an order forward, never back, and of each dispute the latest
   * event counts, so that events may come in any order and any number of times; from the first
   * money on an order never ends. Answers an AdvanceOutcome.
   */
  advanceOrder: {
    flag: 'allow-oom',
    lua: `
    local order, history, events, token, text, open, openOf = unpack(KEYS)
    local id, state, dispute, at = ARGV[1], ARGV[3], ARGV[6], tonumber(ARGV[7])
    local current, json, client, kept, undisputed =
      unpack(redis.call('HMGET', order, 'state', 'order', 'client', 'disputes', 'undisputed'))
    if not current then return 'unknown' end
    if redis.call('SISMEMBER', events, ARGV[2]) == 1 then return 'repeated' end
    if redis.call('SCARD', events) < ${MAX_EVENTS} then redis.call('SADD', events, ARGV[2]) end
    local placed = cjson.decode(json)
    local keys = { order, history, events, token .. placed.token }
    for _, line in ipairs(placed.lines) do
      if line[2] then keys[#keys + 1] = text .. line[2] end
    end
    local left = redis.call('TTL', order)
    if left > 0 then redis.call('EXPIRE', events, left) end
    local rank = {}
    for i = 8, #ARGV do rank[ARGV[i]] = i end
    local disputes = kept and cjson.decode(kept) or {}
    undisputed = undisputed or current
    if dispute ~= '' then
      local known, count = disputes[dispute], 0
      for _ in pairs(disputes) do count = count + 1 end
      if not known and count >= ${MAX_DISPUTES} then return 'unchanged' end
      -- Of two events of one second, the one that ends the dispute is the later one.
      if known and (at < known[1] or at == known[1] and known[2] ~= 'disputed') then
        return 'unchanged'
      end
      disputes[dispute] = { at, state }
      redis.call('HSET', order, 'disputes', cjson.encode(disputes), 'undisputed', undisputed)
      if known and known[2] == state then return 'unchanged' end
    elseif state == 'created' and left >= 0 and rank[undisputed] < rank['paid'] then
      local life = tonumber(ARGV[5])
      for _, key in ipairs(keys) do
        local ttl = redis.call('TTL', key)
        if ttl >= 0 and ttl < life then redis.call('EXPIRE', key, life) end
      end
      redis.call('ZADD', open, (tonumber(redis.call('TIME')[1]) + life) * 1000, id)
      return 'unchanged'
    elseif rank[state] <= rank[undisputed] then return 'unchanged'
    else
      undisputed = state
      if kept then redis.call('HSET', order, 'undisputed', undisputed) end
    end
    local shown = undisputed
    for _, latest in pairs(disputes) do
      local isLost = latest[2] == 'dispute_lost' and shown ~= 'disputed'
      if latest[2] == 'disputed' or isLost then shown = latest[2] end
    end
    redis.call('HSET', order, 'state', shown)
    local isMove = shown ~= current or dispute == ''
    if isMove and redis.call('LLEN', history) < ${MAX_HISTORY} then
      local entry = cjson.decode(ARGV[4])
      entry.state = dispute == '' and state or shown
      redis.call('RPUSH', history, cjson.encode(entry))
    end
    local isTaken = dispute ~= '' or rank[state] >= rank['paid']
    if isTaken or state == 'expired' then
      redis.call('ZREM', openOf .. 'cart:' .. placed.cart, id)
      if client then redis.call('ZREM', openOf .. 'client:' .. client, id) end
    end
    if isTaken then
      for _, key in ipairs(keys) do redis.call('PERSIST', key) end
      redis.call('HDEL', order, 'client')
      redis.call('ZREM', open, id)
    end
    return 'advanced'`,
  },

  /**
   * KEYS orders, order:, open; ARGV score below which the page starts, as ZRANGE takes it, count.
   * Answers total, then score, order (JSON) and state in turns, newest first, without those that
   * have ended.
   */
  listOrders: {
    lua: `
    local now = tonumber(redis.call('TIME')[1]) * 1000
    local ended = redis.call('ZRANGE', KEYS[3], '-inf', now, 'BYSCORE', 'LIMIT', 0, ${MAX_CLEARED})
    for _, old in ipairs(ended) do
      redis.call('ZREM', KEYS[3], old)
      redis.call('ZREM', KEYS[1], old)
    end
    local answer = { redis.call('ZCARD', KEYS[1]) }
    local ids =
      redis.call('ZRANGE', KEYS[1], ARGV[1], '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2])
    for _, id in ipairs(ids) do
      local order = redis.call('HMGET', KEYS[2] .. id, 'order', 'state')
      if order[1] then
        answer[#answer + 1] = string.format('%.0f', redis.call('ZSCORE', KEYS[1], id))
        answer[#answer + 1] = order[1]
        answer[#answer + 1] = order[2]
      end
    end
    return answer`,
  },
} as const satisfies Scripts;
