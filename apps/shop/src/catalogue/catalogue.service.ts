import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ConcurrencyLimiter } from '#libs/http/concurrency.limiter.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { codePoints } from '#libs/schema/text.schema.ts';
import { catalogueReadCount } from '../shop.metrics.ts';
import { layout } from '../web/layout.ts';
import { cataloguePage } from './catalogue.page.ts';
import type { CatalogueQuery } from './catalogue.schema.ts';
import { type Product, ProductsRepository } from './products.repository.ts';
import { QuotesAwayError, QuotesClient } from './quotes.client.ts';

/** Longer quotes fit on no mug. */
const LONGEST = 280;
/** How many milliseconds a page is served as it is. */
const FRESH = 30_000;
/** The same when the quotes service was away: its return should show soon. */
const FRESH_WHEN_AWAY = 2_000;
/** How many pages are kept: some 60 KB each. */
const CAPACITY = 100;
/** How many pages are made at a time, how many may wait for that, and for how many milliseconds. */
const MAKING = 16;
const WAITING = 1200;
const PATIENCE = 5_000;
/** How many products are shown when the quotes service is away. */
const KNOWN = 36;

/** A page of the catalogue, ready to be sent. */
export interface CataloguePage {
  body: Buffer;
  gzip: Buffer;
  /** Entity tag (RFC 9110). */
  etag: string;
}

interface Entry {
  page: Promise<CataloguePage>;
  until: number;
}

const compress = promisify(gzip);

/** What the shop sells: quotes from the quotes service, or those it has offered before while that service is away. */
@Injectable()
export class CatalogueService {
  private readonly pages = new Map<string, Entry>();
  private readonly making = new ConcurrencyLimiter(MAKING, WAITING);

  constructor(
    private readonly quotes: QuotesClient,
    private readonly products: ProductsRepository,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * A page of the catalogue: the same for every visitor, so it is made once and kept for a while.
   * @param requestId of the visitor's request
   * @throws RedisUnavailableError when both the quotes service and Redis are away; ProblemError busy
   */
  page(query: CatalogueQuery, requestId: string): Promise<CataloguePage> {
    const key = `${query.q ?? ''}\n${query.after ?? ''}`;
    const known = this.pages.get(key);
    if (known && known.until > Date.now()) return known.page;
    const entry: Entry = {
      page: this.making
        .run(() => this.make(query, requestId), AbortSignal.timeout(PATIENCE))
        .then(({ away, ...page }) => {
          entry.until = Date.now() + (away ? FRESH_WHEN_AWAY : FRESH);
          return page;
        }),
      until: Number.POSITIVE_INFINITY,
    };
    entry.page.catch(() => this.pages.delete(key));
    this.pages.delete(key);
    this.pages.set(key, entry);
    const [oldest] = this.pages.keys();
    if (this.pages.size > CAPACITY && oldest !== undefined) this.pages.delete(oldest);
    return entry.page;
  }

  /**
   * The product of a quote.
   * @param requestId of the visitor's request
   * @throws ProblemError not-found; busy; unavailable when the quotes service is away and the shop has never seen the quote
   */
  async product(id: string, requestId: string): Promise<Product> {
    try {
      const found = await this.making.run(
        () => this.quotes.find(requestId, id),
        AbortSignal.timeout(PATIENCE),
      );
      catalogueReadCount.add('service');
      if (found && sellable(found)) {
        // Nobody waits for what is only for bad days.
        void this.products.remember([found]).catch(() => {});
        return found;
      }
      if (!found) await this.products.forget(id);
    } catch (error) {
      if (!(error instanceof QuotesAwayError)) throw error;
      catalogueReadCount.add('memory');
      const known = await this.products.find(id);
      if (known) return known;
      throw new ProblemError('unavailable', 'The quotes cannot be read just now');
    }
    throw new ProblemError('not-found', `There is no product "${id}"`);
  }

  private async make(
    query: CatalogueQuery,
    requestId: string,
  ): Promise<CataloguePage & { away: boolean }> {
    const { products, next, away } = await this.select(query, requestId);
    const body = Buffer.from(
      layout(cataloguePage(products, query, next, away), this.config.DEMO_MODE).text,
    );
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
    return { body, gzip: await compress(body), etag, away };
  }

  private async select({ q, after }: CatalogueQuery, requestId: string) {
    try {
      const { quotes, next } =
        q === undefined
          ? await this.quotes.list(requestId, after)
          : await this.quotes.search(requestId, q, Number(after ?? 0));
      catalogueReadCount.add('service');
      const products = quotes
        .filter(sellable)
        .map(({ id, quote, user_id }) => ({ id, quote, user_id }));
      // Remembering is for bad days only: a good one must not fail for it.
      await this.products.remember(products).catch(() => {});
      return { products, next, away: false };
    } catch (error) {
      if (!(error instanceof QuotesAwayError)) throw error;
      catalogueReadCount.add('memory');
      return { products: await this.products.list(KNOWN), next: null, away: true };
    }
  }
}

function sellable({ quote }: Product): boolean {
  return codePoints(quote) <= LONGEST;
}
