import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ServiceClient } from '#libs/http/service.client.ts';
import { quoteListSchema, quoteSchema } from '#libs/quotes/quote.schema.ts';
import { MAX_OFFSET, searchResultSchema } from '#libs/quotes/search.schema.ts';
import type { Product } from './products.repository.ts';

const TIMEOUT_MS = 800;
const PAGE_SIZE = 36;

/**
 * What the shop reads of a quote. During a rollout the other services may still be those that send
 * no author and no source.
 */
const productSchema = quoteSchema.pick({ id: true, quote: true, user_id: true }).extend({
  author: quoteSchema.shape.author.default(null),
  source: quoteSchema.shape.source.default(null),
});
const productListSchema = quoteListSchema.extend({ items: z.array(productSchema) });
const foundProductsSchema = searchResultSchema.extend({
  items: z.array(productSchema),
  // The same holds for these.
  corrected: searchResultSchema.shape.corrected.default(null),
  relaxed: searchResultSchema.shape.relaxed.default([]),
});

const NOTHING_FOUND = { items: [], total: 0, corrected: null, relaxed: [] };

/** A page of quotes from another service; `next` leads on, or is null on the last. */
export interface QuotesPage {
  quotes: Product[];
  next: string | null;
}

/** What a search has found, and how it was understood. */
export interface FoundPage extends QuotesPage {
  /** What was probably meant; null when it is what was written. */
  corrected: string | null;
  /** The words that were left out. */
  relaxed: readonly string[];
}

/**
 * The quotes and search services, as seen from the shop; they log a call under the id of the
 * visitor's request that it is for.
 */
@Injectable()
export class QuotesClient {
  private readonly quotesService: ServiceClient;
  private readonly searchService: ServiceClient;

  constructor(@Inject(CONFIG) config: Config) {
    this.quotesService = new ServiceClient(config.QUOTES_URL, TIMEOUT_MS);
    this.searchService = new ServiceClient(config.SEARCH_URL, TIMEOUT_MS);
  }

  /**
   * Quotes, newest first. @param cursor `next` of the page before
   * @throws UpstreamUnavailable
   */
  async list(requestId: string, cursor?: string): Promise<QuotesPage> {
    const query = new URLSearchParams({
      limit: String(PAGE_SIZE),
      ...(cursor !== undefined && { cursor }),
    });
    const { items, next } = await this.quotesService.get(`/quotes?${query}`, productListSchema, {
      id: requestId,
    });
    return { quotes: items, next };
  }

  /**
   * Quotes that match, best first. @param offset `next` of the page before
   * @throws UpstreamUnavailable
   */
  async search(requestId: string, keyword: string, offset = 0): Promise<FoundPage> {
    const query = new URLSearchParams({
      keyword,
      limit: String(PAGE_SIZE),
      offset: String(offset),
    });
    const path = `/search?${query}`;
    const request = { id: requestId };
    // The search service refuses a query of too many words, for which nothing is found.
    const tooManyWords = { status: 400, meaning: NOTHING_FOUND };
    const { items, total, corrected, relaxed } = await this.searchService.get(
      path,
      foundProductsSchema,
      request,
      tooManyWords,
    );
    const end = offset + PAGE_SIZE;
    const next = total > end && end <= MAX_OFFSET ? String(end) : null;
    return { quotes: items, next, corrected, relaxed };
  }

  /**
   * The quotes with these ids that still exist, in one call.
   * @param ids from 1 to 100
   * @throws UpstreamUnavailable
   */
  async find(requestId: string, ids: readonly string[]): Promise<Product[]> {
    const request = { id: requestId };
    if (ids.length > 1) {
      const path = `/quotes?ids=${ids}`;
      return (await this.quotesService.get(path, productListSchema, request)).items;
    }
    // One quote is read together with the count of the rate limit, and never waits behind lists.
    const absent = { status: 404, meaning: undefined };
    const path = `/quotes/${ids[0]}`;
    const quote = await this.quotesService.get(path, productSchema, request, absent);
    return quote ? [quote] : [];
  }
}
