import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ConcurrencyLimiter } from '#libs/http/concurrency.limiter.ts';
import { UpstreamUnavailable } from '#libs/http/service.client.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { joinWrapped } from '#libs/quotes/prose.joiner.ts';
import { codePoints } from '#libs/schema/text.schema.ts';
import { UserNamesRepository } from '#libs/users/user-names.repository.ts';
import { catalogueReadCount } from '../shop.metrics.ts';
import { layout } from '../web/layout.ts';
import { cataloguePage, type Selection } from './catalogue.page.ts';
import type { CatalogueQuery } from './catalogue.schema.ts';
import { type FreshPage, PageCache } from './page.cache.ts';
import { type Product, ProductsRepository } from './products.repository.ts';
import { QuotesClient } from './quotes.client.ts';

/** Longer quotes do not fit on a mug. */
const MAX_QUOTE_LENGTH = 280;
/** How long a page is served before it is made anew. */
const FRESH_MS = 30_000;
/** The same for a page of remembered products: the return of the quotes service shows soon. */
const FRESH_WHEN_AWAY_MS = 2_000;
/** How many pages are made, or quotes read, at a time; the others wait. */
const MAX_MAKING = 16;
const MAX_WAITING = 1200;
const MAX_WAIT_MS = 5_000;
/** How many products are shown when the quotes service is away. */
const REMEMBERED_PAGE_SIZE = 36;

/** A page of the catalogue, ready to be sent. */
export interface CataloguePage {
  body: Buffer;
  gzip: Buffer;
  /** Entity tag (RFC 9110). */
  etag: string;
}

const compress = promisify(gzip);

/**
 * What the shop sells: quotes from the quotes service, or those it has offered before while that
 * service is away.
 */
@Injectable()
export class CatalogueService {
  private readonly pages = new PageCache<CataloguePage>();
  private readonly making = new ConcurrencyLimiter(MAX_MAKING, MAX_WAITING);

  constructor(
    private readonly quotes: QuotesClient,
    private readonly products: ProductsRepository,
    private readonly names: UserNamesRepository,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * A page of the catalogue: the same for every visitor, so it is made once and kept for a while.
   * @param requestId of the visitor's request
   * @throws RedisUnavailableError when both the quotes service and Redis are away; ProblemError
   *   busy
   */
  page(query: CatalogueQuery, requestId: string): Promise<CataloguePage> {
    const key = `${query.q ?? ''}\n${query.after ?? ''}`;
    return this.pages.get(key, () =>
      this.making.run(() => this.make(query, requestId), AbortSignal.timeout(MAX_WAIT_MS)),
    );
  }

  /**
   * The product of a quote.
   * @param requestId of the visitor's request
   * @throws ProblemError not-found; busy; unavailable when the quotes service is away and the shop
   *   has never seen the quote
   */
  async product(id: string, requestId: string): Promise<Product> {
    const product = (await this.productsOf([id], requestId)).get(id);
    if (!product) throw new ProblemError('not-found', `There is no product "${id}"`);
    return product;
  }

  /**
   * The products of quotes by their ids, without those that are no longer sold. The quotes are read
   * in one call.
   * @param ids different ones, 100 at most
   * @param requestId of the visitor's request
   * @throws ProblemError busy; unavailable when the quotes service is away and the shop has never
   *   seen one of the quotes
   */
  async productsOf(ids: readonly string[], requestId: string): Promise<Map<string, Product>> {
    if (ids.length === 0) return new Map();
    try {
      const found = await this.making.run(
        () => this.quotes.find(requestId, ids),
        AbortSignal.timeout(MAX_WAIT_MS),
      );
      catalogueReadCount.add('service');
      const sold = found.filter(isSellable).map(toProduct);
      // Not awaited: only a failure of the quotes service needs it.
      void this.products.remember(sold).catch(() => {});
      const existing = byId(found);
      const gone = ids.filter((id) => !existing.has(id));
      if (gone.length > 0) await this.products.forget(gone);
      return byId(await this.credited(sold));
    } catch (error) {
      if (!(error instanceof UpstreamUnavailable)) throw error;
      catalogueReadCount.add('memory');
      const known = byId(await this.credited(await this.products.find(ids)));
      if (ids.every((id) => known.has(id))) return known;
      throw new ProblemError('unavailable', 'The quotes cannot be read just now');
    }
  }

  private async make(query: CatalogueQuery, requestId: string): Promise<FreshPage<CataloguePage>> {
    const { products, ...found } = await this.select(query, requestId);
    const body = Buffer.from(
      layout(cataloguePage(products, query, found), this.config.DEMO_MODE).text,
    );
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
    const page = { body, gzip: await compress(body), etag };
    return { page, freshMs: found.away ? FRESH_WHEN_AWAY_MS : FRESH_MS };
  }

  private async select(
    { q, after }: CatalogueQuery,
    requestId: string,
  ): Promise<Selection & { products: Product[] }> {
    try {
      const { quotes, ...found } =
        q === undefined
          ? await this.quotes.list(requestId, after)
          : await this.quotes.search(requestId, q, Number(after ?? 0));
      catalogueReadCount.add('service');
      const products = quotes.filter(isSellable).map(toProduct);
      // A page that can be shown must not fail because its products cannot be remembered.
      await this.products.remember(products).catch(() => {});
      return { products: await this.credited(products), ...found, away: false };
    } catch (error) {
      if (!(error instanceof UpstreamUnavailable)) throw error;
      catalogueReadCount.add('memory');
      const products = await this.credited(await this.products.list(REMEMBERED_PAGE_SIZE));
      return { products, next: null, away: true };
    }
  }

  /**
   * The products as they are shown: one of which nobody knows who said it names the user who signed
   * it. The names are read in one call, and left out when Redis is away.
   */
  private async credited(products: readonly Product[]): Promise<Product[]> {
    const nameless = products.filter(({ author }) => author === null);
    const signers = new Set(nameless.flatMap(({ user_id }) => user_id ?? []));
    const names = await this.names.namesOf([...signers]).catch(() => new Map<string, string>());
    return products.map((product) => ({
      ...product,
      author: product.author ?? names.get(product.user_id ?? '') ?? null,
    }));
  }
}

function isSellable({ quote }: Product): boolean {
  return codePoints(quote) <= MAX_QUOTE_LENGTH;
}

/** What is printed of a quote: prose of a file that was wrapped at some width has no lines. */
function toProduct({ id, quote, author, source, user_id }: Product): Product {
  return { id, quote: joinWrapped(quote), author, source, user_id };
}

function byId(products: readonly Product[]): Map<string, Product> {
  return new Map(products.map((product) => [product.id, product]));
}
