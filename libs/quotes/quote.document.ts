import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { quoteSchema } from './quote.schema.ts';

/**
 * The JSON of a quote. This file alone makes and reads it: for services in TypeScript, and for
 * scripts in Lua.
 *
 * Services send it complete. Redis stores the same bytes without what would only take memory: the
 * time of the last change when there was none, and author, source, language and tags of a quote
 * that has none of them. This is also the form of a quote that was written before there were such
 * parts, so that there is nothing to migrate. Two bytes at known places tell what is left out, and
 * completing a quote takes a fraction of a microsecond, whatever its length.
 */

/** A quote, as its JSON holds it. */
export type Quote = z.output<typeof quoteSchema>;

/** What a quote says, who said it and where. */
export type QuoteContent = Pick<Quote, 'quote' | 'author' | 'source' | 'lang' | 'tags'>;

/** The parts of the JSON before each value, in the order of the values, and after the last one. */
const JSON_PARTS = {
  id: '{"id":"',
  userId: '","user_id":',
  createdAt: ',"created_at":"',
  updatedAt: '","updated_at":"',
  text: '","quote":',
  author: ',"author":',
  source: ',"source":',
  lang: ',"lang":',
  tags: ',"tags":',
  end: '}',
} as const;

/** The parts that tell which value follows, for scripts. */
const JSON_NAMES = Object.values(JSON_PARTS).filter((part) => part !== JSON_PARTS.end);

const NO_DETAILS = encodeDetails({ author: null, source: null, lang: null, tags: [] });

/** Every time has this length, which Date.toISOString() keeps until the year 9999. */
const TIME_LENGTH = '2026-11-21T16:00:00.000Z'.length;

/** The text of a quote as it stands in its JSON. */
export function encodeText(quote: string): string {
  return JSON.stringify(quote);
}

/** The text of a quote and all that stands behind it in the stored JSON, but for its end. */
export function encodeContent(content: QuoteContent): string {
  const details = encodeDetails(content);
  return encodeText(content.quote) + (details === NO_DETAILS ? '' : details);
}

function encodeDetails({ author, source, lang, tags }: Omit<QuoteContent, 'quote'>): string {
  const begin = JSON_PARTS.author + JSON.stringify(author) + JSON_PARTS.source;
  const middle = JSON.stringify(source) + JSON_PARTS.lang + JSON.stringify(lang);
  return begin + middle + JSON_PARTS.tags + JSON.stringify(tags);
}

/** What is to be changed of a quote. */
export type QuoteChanges = { [Field in ChangeableField]?: Quote[Field] | undefined };
type ChangeableField = 'user_id' | keyof QuoteContent;

/**
 * The values to be changed in their JSON form, for the script that changes a quote: user_id, quote,
 * author, source, lang and tags, each empty where it stays.
 */
export function encodeChanges(changes: QuoteChanges): string[] {
  const { user_id, quote, author, source, lang, tags } = changes;
  return [user_id, quote, author, source, lang, tags].map((value) =>
    value === undefined ? '' : JSON.stringify(value),
  );
}

/** Makes the JSON of a quote as Redis stores it. */
export function encodeQuote(quote: Quote): string {
  const { id, user_id, created_at, updated_at } = quote;
  const signature = JSON_PARTS.id + id + JSON_PARTS.userId + JSON.stringify(user_id);
  const change = updated_at === created_at ? '' : JSON_PARTS.updatedAt + updated_at;
  const times = JSON_PARTS.createdAt + created_at + change;
  return signature + times + JSON_PARTS.text + encodeContent(quote) + JSON_PARTS.end;
}

/** Reads the JSON of a quote, stored or complete, which must be one that this file made. */
export function decodeQuote(document: string): Quote {
  return JSON.parse(completeQuote(document)) as Quote;
}

/** Completes the stored JSON of a quote, for sending. */
export function completeQuote(document: string): string {
  const time = document.indexOf(JSON_PARTS.createdAt) + JSON_PARTS.createdAt.length;
  const timeEnd = time + TIME_LENGTH;
  // The next key is `updated_at` or `quote`.
  const wasChanged = document.startsWith(JSON_PARTS.updatedAt, timeEnd);
  // Tags are the last value and a list; without them the last value is a text.
  const hasDetails = document.at(-2) === ']';
  if (wasChanged && hasDetails) return document;
  const created = document.slice(0, timeEnd);
  const change = wasChanged ? '' : JSON_PARTS.updatedAt + document.slice(time, timeEnd);
  const rest = document.slice(timeEnd, -1);
  return created + change + rest + (hasDetails ? '' : NO_DETAILS) + JSON_PARTS.end;
}

/** An import recognises a quote by this: 20 hexadecimal digits of the SHA-1 of its JSON text. */
export function digestOf(quote: string): string {
  return createHash('sha1').update(encodeText(quote)).digest('hex').slice(0, 20);
}

/**
 * The same functions in Lua, for the beginning of a script that uses them. A user is nil where
 * nobody signed, and `content` is in the form of encodeContent(). Ids and times need no escapes:
 * they have none of the characters that JSON escapes.
 *
 * Within a text of JSON every quotation mark is escaped. A key with the marks around it is
 * therefore found by its bytes, whatever the texts hold.
 */
export const QUOTE_DOCUMENT_LUA = `
    local function signature(id, user)
      local signer = user and '"' .. user .. '"' or 'null'
      return '${JSON_PARTS.id}' .. id .. '${JSON_PARTS.userId}' .. signer
    end
    -- Makes the JSON of a quote that was never changed.
    local function encode_quote(id, user, created_at, content)
      local before = signature(id, user) .. '${JSON_PARTS.createdAt}' .. created_at
      return before .. '${JSON_PARTS.text}' .. content .. '${JSON_PARTS.end}'
    end
    -- The JSON of a quote of that user as it is when nobody has signed it.
    local function unsign_quote(document, id, user)
      return signature(id, nil) .. string.sub(document, #signature(id, user) + 1)
    end
    local names = { ${JSON_NAMES.map((name) => `'${name}'`).join(', ')} }
    local ID, USER, CREATED, UPDATED, TEXT, AUTHOR, SOURCE, LANG, TAGS = 1, 2, 3, 4, 5, 6, 7, 8, 9
    -- The values of a quote in the order of their names, as they stand in its JSON.
    local function split_quote(document)
      local values, value, start = {}, 0, 1
      for i, name in ipairs(names) do
        local first, last = string.find(document, name, start, true)
        if first then
          values[value] = string.sub(document, start, first - 1)
          value, start = i, last + 1
        end
      end
      values[value] = string.sub(document, start, -1 - #'${JSON_PARTS.end}')
      values[UPDATED] = values[UPDATED] or values[CREATED]
      for i = AUTHOR, LANG do values[i] = values[i] or 'null' end
      values[TAGS] = values[TAGS] or '[]'
      return values
    end
    -- Makes the JSON of a quote from its values, complete or as Redis stores it.
    local function join_quote(values, complete)
      local last, parts = complete and TAGS or TEXT, {}
      for i = AUTHOR, TAGS do
        if values[i] ~= 'null' and values[i] ~= '[]' then last = TAGS end
      end
      for i = ID, last do
        local left_out = i == UPDATED and not complete and values[i] == values[CREATED]
        if not left_out then parts[#parts + 1] = names[i] .. values[i] end
      end
      return table.concat(parts) .. '${JSON_PARTS.end}'
    end
    -- The user who has signed a quote, or nil.
    local function signer_of(values)
      return values[USER] ~= 'null' and string.sub(values[USER], 2, -2) or nil
    end
    -- Whether a quote is in a state that a request is meant for (see WritableStates).
    local function is_meant(values, match, none_match)
      if match == '*' and none_match == '' then return true end
      local state = string.sub(redis.sha1hex(join_quote(values, true)), 1, 24)
      local function has(states) return states == '*' or string.find(states, state, 1, true) end
      return has(match) and not has(none_match)
    end
    -- An import recognises a quote of that text by this.
    local function digest_of(text)
      return string.sub(redis.sha1hex(text), 1, 20)
    end`;
