import { encodeContent, type QuoteContent } from '#libs/quotes/quote.document.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { QUOTE_SCRIPTS } from '#libs/quotes/quote.scripts.ts';
import type { RedisClient } from '#libs/redis/redis.connection.ts';
import { defineScripts } from '#libs/redis/redis.scripts.ts';

/** Writes quotes of the first shard as the repository does, over a client of the test. */
export class QuoteWriter {
  readonly keys = shardKeys(0);
  readonly client: RedisClient;

  constructor(client: RedisClient) {
    this.client = client;
    defineScripts(client, QUOTE_SCRIPTS);
  }

  /** Adds unsigned quotes, of which a text alone says enough; answers their ids. */
  add(...quotes: (string | QuoteContent)[]): Promise<string[]> {
    const { quote, quotes: ids, byUser, authors, clock, log, imported } = this.keys;
    const now = new Date();
    const rows = quotes.flatMap((quote) => ['', contentOf(quote), '']);
    return this.client.addQuotes(
      ...[
        7,
        quote,
        ids,
        byUser,
        authors,
        clock,
        log,
        imported,
        1,
        0,
        now.getTime() * 1000,
        now.toISOString(),
        ...rows,
      ],
    ) as Promise<string[]>;
  }

  remove(id: string): Promise<unknown> {
    const { quote, quotes, byUser, log, imported } = this.keys;
    return this.client.deleteQuote(5, quote, quotes, byUser, log, imported, id, '', '*', '');
  }
}

function contentOf(quote: string | QuoteContent): string {
  if (typeof quote !== 'string') return encodeContent(quote);
  return encodeContent({ quote, author: null, source: null, lang: null, tags: [] });
}
