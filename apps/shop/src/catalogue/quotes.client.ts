import { Inject, Injectable, Logger } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { callService } from '#libs/http/http.client.ts';
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
const foundProductsSchema = searchResultSchema.extend({ items: z.array(productSchema) });

/**
 * The quotes or search service does not answer, or not as it should: the cause says what
 * is wrong.
 */
export class UpstreamUnavailable extends Error {}

/** A page of quotes from another service; `next` leads on, or is null on the last. */
export interface QuotesPage {
  quotes: Product[];
  next: string | null;
}

/** An answer other than 200 that is no failure, and what it means. */
interface Refusal<T> {
  status: number;
  meaning: T;
}

/**
 * The quotes and search services, as seen from the shop; they log a call under the id of the
 * visitor's request that it is for.
 */
@Injectable()
export class QuotesClient {
  private readonly logger = new Logger('upstream');
  /** What is wrong with each service that does not answer as it should, by its origin. */
  private readonly problems = new Map<string, string>();

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * Quotes, newest first. @param cursor `next` of the page before
   * @throws UpstreamUnavailable
   */
  async list(requestId: string, cursor?: string): Promise<QuotesPage> {
    const query = new URLSearchParams({
      limit: String(PAGE_SIZE),
      ...(cursor !== undefined && { cursor }),
    });
    const address = `${this.config.QUOTES_URL}/quotes?${query}`;
    const { items, next } = await this.get(requestId, address, productListSchema);
    return { quotes: items, next };
  }

  /**
   * Quotes that match, best first. @param offset `next` of the page before
   * @throws UpstreamUnavailable
   */
  async search(requestId: string, keyword: string, offset = 0): Promise<QuotesPage> {
    const query = new URLSearchParams({
      keyword,
      limit: String(PAGE_SIZE),
      offset: String(offset),
    });
    const address = `${this.config.SEARCH_URL}/search?${query}`;
    // The search service refuses a query of too many words, for which nothing is found.
    const tooManyWords = { status: 400, meaning: { items: [], total: 0 } };
    const { items, total } = await this.get(requestId, address, foundProductsSchema, tooManyWords);
    const end = offset + PAGE_SIZE;
    return { quotes: items, next: total > end && end <= MAX_OFFSET ? String(end) : null };
  }

  /**
   * The quotes with these ids that still exist, in one call.
   * @param ids from 1 to 100
   * @throws UpstreamUnavailable
   */
  async find(requestId: string, ids: readonly string[]): Promise<Product[]> {
    const quotes = `${this.config.QUOTES_URL}/quotes`;
    if (ids.length > 1)
      return (await this.get(requestId, `${quotes}?ids=${ids}`, productListSchema)).items;
    // One quote is read together with the count of the rate limit, and never waits behind lists.
    const absent = { status: 404, meaning: undefined };
    const quote = await this.get(requestId, `${quotes}/${ids[0]}`, productSchema, absent);
    return quote ? [quote] : [];
  }

  private async get<T, R = never>(
    requestId: string,
    address: string,
    schema: z.ZodType<T>,
    refusal?: Refusal<R>,
  ): Promise<T | R> {
    const url = new URL(address);
    try {
      const headers = { 'x-request-id': requestId };
      const { status, body } = await callService({
        method: 'GET',
        url,
        headers,
        timeoutMs: TIMEOUT_MS,
      });
      if (status === refusal?.status) return refusal.meaning;
      if (status !== 200) throw new Error(`It answered with ${status}`);
      const answer = schema.parse(JSON.parse(body));
      if (this.problems.delete(url.origin)) this.logger.log(`${url.origin} answers again`);
      return answer;
    } catch (error) {
      this.report(url.origin, error);
      throw new UpstreamUnavailable(`${url.origin} does not answer as it should`, { cause: error });
    }
  }
  /** Logs each change of what is wrong with a service once. */
  private report(origin: string, error: unknown): void {
    const problem = problemOf(error);
    if (this.problems.get(origin) === problem) return;
    this.problems.set(origin, problem);
    this.logger.warn(`${origin} does not answer as it should: ${problem}`);
  }
}

function problemOf(error: unknown): string {
  if (error instanceof z.ZodError) return 'its answer has another shape';
  if (error instanceof SyntaxError) return 'its answer is no JSON';
  const { name, message } = error as Error;
  return name === 'AbortError' ? 'no answer in time' : message;
}
