import type { Result } from 'ioredis';
import type { Scripts } from '#libs/redis/redis.scripts.ts';
import { logChange } from './change.log.ts';
import { QUOTE_DOCUMENT_LUA } from './quote.document.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    addQuotes(keyCount: number, ...keysAndArgs: (string | number)[]): Result<string[], Context>;
    changeQuote(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<[ChangeRefusal | 'done', document?: string], Context>;
    deleteQuote(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<DeleteOutcome, Context>;
    listQuotes(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<[total: number, ids: string, documents: string[]] | null, Context>;
    findQuotes(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<(string | null)[] | null, Context>;
    randomQuote(
      keyCount: number,
      ...keysAndArgs: (string | number)[]
    ): Result<string | null, Context>;
    restoreQuotes(keyCount: number, ...keysAndArgs: (string | number)[]): Result<string[], Context>;
    unsignQuotes(keyCount: number, ...keysAndArgs: (string | number)[]): Result<number, Context>;
  }
}

/**
 * Why a quote was not changed. `stale`: it is not in a state that the change was meant for;
 * `unknown`: the user who is to sign it does not exist.
 */
export type ChangeRefusal = 'absent' | 'forbidden' | 'stale' | 'unknown';

/** What came of the deletion of a quote. */
export type DeleteOutcome = 'deleted' | 'absent' | 'forbidden' | 'stale';

/**
 * The scripts of quotes. A quote and all its index entries change together, so that no crash leaves
 * one without the other.
 */
export const QUOTE_SCRIPTS = {
  /**
   * KEYS quote: quotes by: authors clock log imported; ARGV shards shard now createdAt, then per
   * quote: user or '', content (see encodeContent()), digest or ''. Answers per quote its new id,
   * `unknown` when the user may not sign, or `known` when a digest was imported before.
   */
  addQuotes: {
    lua: `${QUOTE_DOCUMENT_LUA}
    local quote, quotes, by, authors, clock, log, imported = unpack(KEYS)
    local shards, now = tonumber(ARGV[1]), tonumber(ARGV[3])
    local last = tonumber(redis.call('GET', clock) or 0)
    local id = math.max(now - now % shards + tonumber(ARGV[2]), last + shards)
    local answers = {}
    for i = 5, #ARGV, 3 do
      local user, content, digest = ARGV[i], ARGV[i + 1], ARGV[i + 2]
      local name = string.format('%.0f', id)
      if user ~= '' and not redis.call('HGET', authors, user) then
        answers[#answers + 1] = 'unknown'
      elseif digest ~= '' and redis.call('HSETNX', imported, digest, name) == 0 then
        answers[#answers + 1] = 'known'
      else
        local signer = user ~= '' and user or nil
        redis.call('SET', quote .. name, encode_quote(name, signer, ARGV[4], content))
        redis.call('ZADD', quotes, name, name)
        if signer then redis.call('ZADD', by .. signer, name, name) end
        ${logChange('u', 'name')}
        answers[#answers + 1] = name
        last, id = id, id + shards
      end
    end
    redis.call('SET', clock, string.format('%.0f', last))
    return answers`,
  },

  /**
   * KEYS quote: by: authors log imported; ARGV id, author whose quote it must be or '', the
   * states that it must be in and must not be in (see WritableStates), time, then the values to be
   * changed (see encodeChanges()). Answers a ChangeRefusal, or `done` and the document.
   */
  changeQuote: {
    lua: `${QUOTE_DOCUMENT_LUA}
    local quote, by, authors, log, imported = unpack(KEYS)
    local id, author, match, none_match, time = unpack(ARGV)
    local document = redis.call('GET', quote .. id)
    if not document then return { 'absent' } end
    local values = split_quote(document)
    local user, text, before = signer_of(values), values[TEXT], join_quote(values, true)
    if author ~= '' and user ~= author then return { 'forbidden' } end
    if not is_meant(values, match, none_match) then return { 'stale' } end
    for i, value in ipairs({ USER, TEXT, AUTHOR, SOURCE, LANG, TAGS }) do
      local given = ARGV[5 + i]
      if given ~= '' then values[value] = given end
    end
    if join_quote(values, true) == before then return { 'done', document } end
    local signer = signer_of(values)
    if signer ~= user then
      if signer and not redis.call('HGET', authors, signer) then return { 'unknown' } end
      if user then redis.call('ZREM', by .. user, id) end
      if signer then redis.call('ZADD', by .. signer, id, id) end
    end
    if values[TEXT] ~= text then
      local digest = digest_of(text)
      if redis.call('HGET', imported, digest) == id then redis.call('HDEL', imported, digest) end
      redis.call('HSETNX', imported, digest_of(values[TEXT]), id)
    end
    values[UPDATED] = time
    document = join_quote(values)
    redis.call('SET', quote .. id, document)
    ${logChange('u', 'id')}
    return { 'done', document }`,
  },

  /**
   * KEYS quote: quotes by: authors clock log imported; ARGV per quote: id, user or '', document,
   * digest. Stores quotes under the ids that they have, and leaves quotes that are there as
   * they are. Answers per quote `added`, `unknown` when the user may not sign, or the document of
   * the quote that has the id.
   */
  restoreQuotes: {
    lua: `
    local quote, quotes, by, authors, clock, log, imported = unpack(KEYS)
    local last = tonumber(redis.call('GET', clock) or 0)
    local answers = {}
    for i = 1, #ARGV, 4 do
      local id, user, document, digest = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
      local stored = redis.call('GET', quote .. id)
      if stored then
        answers[#answers + 1] = stored
      elseif user ~= '' and not redis.call('HGET', authors, user) then
        answers[#answers + 1] = 'unknown'
      else
        redis.call('HSETNX', imported, digest, id)
        redis.call('SET', quote .. id, document)
        redis.call('ZADD', quotes, id, id)
        if user ~= '' then redis.call('ZADD', by .. user, id, id) end
        ${logChange('u', 'id')}
        answers[#answers + 1] = 'added'
        last = math.max(last, tonumber(id))
      end
    end
    -- A new quote gets a higher id than every quote that is there.
    redis.call('SET', clock, string.format('%.0f', last))
    return answers`,
  },

  /**
   * KEYS quote: quotes by: log imported; ARGV id, author whose quote it must be or '', the states
   * that it must be in and must not be in (see WritableStates). Answers a DeleteOutcome.
   */
  deleteQuote: {
    lua: `${QUOTE_DOCUMENT_LUA}
    local quote, quotes, by, log, imported = unpack(KEYS)
    local id, author, match, none_match = unpack(ARGV)
    local document = redis.call('GET', quote .. id)
    if not document then return 'absent' end
    local values = split_quote(document)
    local user = signer_of(values)
    if author ~= '' and user ~= author then return 'forbidden' end
    if not is_meant(values, match, none_match) then return 'stale' end
    redis.call('DEL', quote .. id)
    redis.call('ZREM', quotes, id)
    if user then redis.call('ZREM', by .. user, id) end
    ${logChange('d', 'id')}
    local digest = digest_of(values[TEXT])
    if redis.call('HGET', imported, digest) == id then redis.call('HDEL', imported, digest) end
    return 'deleted'`,
  },

  /**
   * KEYS sorted set, quote:; ARGV newest id wanted (exclusive) or '+inf', count, most bytes of the
   * documents (optional). Answers total, ids, documents, newest first; nothing when the documents
   * are larger. The ids are one text with commas: fewer parts take less time to read.
   */
  listQuotes: {
    flag: 'no-writes',
    lua: `
    local total = redis.call('ZCARD', KEYS[1])
    local ids =
      redis.call('ZRANGE', KEYS[1], ARGV[1], '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2])
    if #ids == 0 then return { total, '', {} } end
    local names = {}
    for i, id in ipairs(ids) do names[i] = KEYS[2] .. id end
    local documents = redis.call('MGET', unpack(names))
    local bytes, most = 0, tonumber(ARGV[3]) or math.huge
    for _, document in ipairs(documents) do bytes = bytes + #document end
    return bytes <= most and { total, table.concat(ids, ','), documents }`,
  },

  /**
   * KEYS quote:; ARGV most bytes of the documents, ids. Answers the documents in the order of the
   * ids, and nothing in the place of one that is not there; nothing at all when they are larger.
   */
  findQuotes: {
    flag: 'no-writes',
    lua: `
    local names = {}
    for i = 2, #ARGV do names[i - 1] = KEYS[1] .. ARGV[i] end
    local documents = redis.call('MGET', unpack(names))
    local bytes = 0
    for _, document in ipairs(documents) do bytes = bytes + (document and #document or 0) end
    return bytes <= tonumber(ARGV[1]) and documents`,
  },

  /**
   * KEYS quotes, quote:; ARGV a number drawn from [0, 1). Answers a document, or nothing when there
   * is none. ZRANDMEMBER would not do: of many members some come up four times as often as others.
   */
  randomQuote: {
    flag: 'no-writes',
    lua: `
    local rank = math.floor(ARGV[1] * redis.call('ZCARD', KEYS[1]))
    local id = redis.call('ZRANGE', KEYS[1], rank, rank)[1]
    return id and redis.call('GET', KEYS[2] .. id)`,
  },

  /**
   * KEYS quote: by: authors log; ARGV user, incarnation, count. Takes the right to sign away from
   * that incarnation of the user and unsigns up to count of its quotes. Answers how many it
   * unsigned. A later user of the same id is left alone.
   */
  unsignQuotes: {
    lua: `${QUOTE_DOCUMENT_LUA}
    local quote, by, authors, log = unpack(KEYS)
    local user, incarnation = ARGV[1], ARGV[2]
    local current = redis.call('HGET', authors, user)
    if current and current ~= incarnation then return 0 end
    redis.call('HDEL', authors, user)
    local ids = redis.call('ZRANGE', by .. user, 0, ARGV[3] - 1)
    for _, id in ipairs(ids) do
      local document = redis.call('GET', quote .. id)
      redis.call('SET', quote .. id, unsign_quote(document, id, user))
      redis.call('ZREM', by .. user, id)
      ${logChange('u', 'id')}
    end
    return #ids`,
  },
} as const satisfies Scripts;
