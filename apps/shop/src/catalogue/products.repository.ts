import { Injectable } from '@nestjs/common';
import type { Quote } from '#libs/quotes/quote.document.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import { PRODUCT_KEYS } from './product.keys.ts';
import { PRODUCT_SCRIPTS } from './product.scripts.ts';

/** A quote that the shop sells prints of. The id of the user who signed it is for nobody's eyes. */
export type Product = Pick<Quote, 'id' | 'quote' | 'author' | 'source' | 'user_id'>;

/** Only the products that were seen last are remembered. */
const MAX_PRODUCTS = 1000;

/** The quotes that the shop has offered, in Redis, for when the quotes service is away. */
@Injectable()
export class ProductsRepository {
  constructor(private readonly redis: RedisService) {
    redis.define(PRODUCT_SCRIPTS);
  }

  /** @throws RedisUnavailableError */
  async remember(products: readonly Product[]): Promise<void> {
    if (products.length === 0) return;
    const fields = products.flatMap((product) => [product.id, JSON.stringify(product)]);
    await this.redis.writeUnconfirmed('product.remember', (client) =>
      client.rememberProducts(
        2,
        PRODUCT_KEYS.product,
        PRODUCT_KEYS.products,
        Date.now(),
        MAX_PRODUCTS,
        ...fields,
      ),
    );
  }

  /**
   * Products seen last, newest first.
   * @throws RedisUnavailableError
   */
  async list(count: number): Promise<Product[]> {
    const ids = await this.redis.read('product.list', (client) =>
      client.zrevrange(PRODUCT_KEYS.products, 0, count - 1),
    );
    return ids.length === 0 ? [] : this.find(ids);
  }

  /**
   * Those of the products that are remembered.
   * @param ids at least one
   * @throws RedisUnavailableError
   */
  async find(ids: readonly string[]): Promise<Product[]> {
    const found = await this.redis.read('product.find', (client) =>
      client.hmget(PRODUCT_KEYS.product, ...ids),
    );
    return found.flatMap(decode);
  }

  /**
   * Forgets products whose quotes are deleted.
   * @param ids at least one
   * @throws RedisUnavailableError
   */
  async forget(ids: readonly string[]): Promise<void> {
    await this.redis.writeUnconfirmed('product.forget', (client) =>
      Promise.all([
        client.hdel(PRODUCT_KEYS.product, ...ids),
        client.zrem(PRODUCT_KEYS.products, ...ids),
      ]),
    );
  }
}

/** A product as it is remembered, or nothing where there is none. */
function decode(product: string | null): Product[] {
  // A product that was remembered by a former version has no author, or no user who signed it.
  const before = { author: null, source: null, user_id: null };
  return product === null ? [] : [{ ...before, ...JSON.parse(product) }];
}
