import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { callService } from '#libs/http/http.client.ts';
import { quoteListSchema, quoteSchema } from '#libs/quotes/quote.schema.ts';
import type { Product } from './products.repository.ts';

/** Longest that a visitor waits for another service, in milliseconds. */
const TIMEOUT = 800;
const PAGE = 36;
/** How deep the search service leads into its results. */
const SEARCH_DEPTH = 10_000;

const searchSchema = z.object({
  items: z.array(quoteSchema.pick({ id: true, quote: true, user_id: true })),
  total: z.number(),
});

/** The quotes or search service does not answer as it should. */
export class QuotesAwayError extends Error {}

/** A page of quotes from another service; `next` leads on, or is null on the last. */
export interface QuotesPage {
  quotes: Product[];
  next: string | null;
}

/** The quotes and search services, as seen from the shop; they log a call under the id of the visitor's request that it is for. */
@Injectable()
export class QuotesClient {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * Quotes, newest first. @param cursor `next` of the page before
   * @throws QuotesAwayError
   */
  async list(requestId: string, cursor?: string): Promise<QuotesPage> {
    const query = new URLSearchParams({
      limit: String(PAGE),
      ...(cursor !== undefined && { cursor }),
    });
    const { items, next } = quoteListSchema.parse(
      await this.get(requestId, `${this.config.QUOTES_URL}/quotes?${query}`),
    );
    return { quotes: items, next };
  }

  /**
   * Quotes that match, best first. @param offset `next` of the page before
   * @throws QuotesAwayError
   */
  async search(requestId: string, keyword: string, offset = 0): Promise<QuotesPage> {
    const query = new URLSearchParams({ keyword, limit: String(PAGE), offset: String(offset) });
    // Refused are queries of too many words: nothing answers them.
    const answer = await this.get(requestId, `${this.config.SEARCH_URL}/search?${query}`, 400);
    if (answer === undefined) return { quotes: [], next: null };
    const { items, total } = searchSchema.parse(answer);
    return {
      quotes: items,
      next: total > offset + PAGE && offset + PAGE <= SEARCH_DEPTH ? String(offset + PAGE) : null,
    };
  }

  /**
   * One quote, or undefined when there is no such quote (any more).
   * @throws QuotesAwayError
   */
  async find(requestId: string, id: string): Promise<Product | undefined> {
    const body = await this.get(requestId, `${this.config.QUOTES_URL}/quotes/${id}`, 404);
    return body === undefined ? undefined : quoteSchema.parse(body);
  }

  /** @param absent a status that means that there is nothing */
  private async get(requestId: string, address: string, absent?: number): Promise<unknown> {
    const url = new URL(address);
    try {
      const headers = { 'x-request-id': requestId };
      const { status, body } = await callService({ method: 'GET', url, headers, timeout: TIMEOUT });
      if (status === 200) return JSON.parse(body);
      if (status === absent) return undefined;
      throw new Error(`answered with ${status}`);
    } catch (error) {
      throw new QuotesAwayError(`${url.origin} does not answer`, { cause: error });
    }
  }
}
