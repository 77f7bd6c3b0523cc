import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { quoteSchema } from './quote.schema.ts';

/**
 * The JSON of a quote. Redis stores it, and services send it, as the very same bytes. This file
 * alone makes and reads them: for services in TypeScript, and for scripts in Lua.
 */

/** A quote, as its JSON holds it. */
export type Quote = z.output<typeof quoteSchema>;

/** The parts of the JSON before each value, in the order of the values, and after the last one. */
const JSON_PARTS = {
  id: '{"id":"',
  userId: '","user_id":',
  createdAt: ',"created_at":"',
  text: '","quote":',
  end: '}',
} as const;

/** The text of a quote as it stands in its JSON. */
export function encodeText(quote: string): string {
  return JSON.stringify(quote);
}

/** Makes the JSON of a quote. */
export function encodeQuote({ id, user_id, created_at, quote }: Quote): string {
  const { userId, createdAt, text, end } = JSON_PARTS;
  const signature = JSON_PARTS.id + id + userId + JSON.stringify(user_id);
  return signature + createdAt + created_at + text + encodeText(quote) + end;
}

/** Reads the JSON of a quote, which must be one that this file made. */
export function decodeQuote(document: string | Buffer): Quote {
  return JSON.parse(String(document)) as Quote;
}

/** An import recognises a quote by this: 20 hexadecimal digits of the SHA-1 of its JSON text. */
export function digestOf(quote: string): string {
  return createHash('sha1').update(encodeText(quote)).digest('hex').slice(0, 20);
}

/**
 * The same functions in Lua, for the beginning of a script that uses them. A user is nil where
 * nobody signed, and a `text` is in the form of encodeText(). No value but the text needs escapes:
 * ids and times have none of the characters that JSON escapes.
 */
export const QUOTE_DOCUMENT_LUA = `
    local function signature(id, user)
      local signer = user and '"' .. user .. '"' or 'null'
      return '${JSON_PARTS.id}' .. id .. '${JSON_PARTS.userId}' .. signer
    end
    local function before_text(id, user, created_at)
      return signature(id, user) .. '${JSON_PARTS.createdAt}' .. created_at .. '${JSON_PARTS.text}'
    end
    -- Makes the JSON of a quote.
    local function encode_quote(id, user, created_at, text)
      return before_text(id, user, created_at) .. text .. '${JSON_PARTS.end}'
    end
    -- The JSON of a quote of that user as it is when nobody has signed it.
    local function unsign_quote(document, id, user)
      return signature(id, nil) .. string.sub(document, #signature(id, user) + 1)
    end
    -- Reads the JSON of a quote: answers the user and the text.
    local function decode_quote(document)
      local quote = cjson.decode(document)
      local user = quote.user_id ~= cjson.null and quote.user_id or nil
      local from = #before_text(quote.id, user, quote.created_at) + 1
      return user, string.sub(document, from, -1 - #'${JSON_PARTS.end}')
    end
    -- An import recognises a quote of that text by this.
    local function digest_of(text)
      return string.sub(redis.sha1hex(text), 1, 20)
    end`;
