import { Injectable } from '@nestjs/common';
import { RedisService } from '#libs/redis/redis.service.ts';
import { PRODUCT_KEYS } from './product.keys.ts';
import { PRODUCT_SCRIPTS } from './product.scripts.ts';

/** A quote that the shop sells prints of. */
export interface Product {
  /** Id of the quote. */
  id: string;
  quote: string;
  user_id: string | null;
}

/** How many products are remembered: those seen last. */
const CAPACITY = 1000;

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
        CAPACITY,
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
    const found =
      ids.length === 0
        ? []
        : await this.redis.read('product.list', (c) => c.hmget(PRODUCT_KEYS.product, ...ids));
    return found.flatMap((product) => (product === null ? [] : [JSON.parse(product) as Product]));
  }

  /** @throws RedisUnavailableError */
  async find(id: string): Promise<Product | undefined> {
    const product = await this.redis.read('product.find', (client) =>
      client.hget(PRODUCT_KEYS.product, id),
    );
    return product === null ? undefined : (JSON.parse(product) as Product);
  }

  /**
   * Takes a product off the shelf.
   * @throws RedisUnavailableError
   */
  async forget(id: string): Promise<void> {
    await this.redis.writeUnconfirmed('product.forget', (client) =>
      Promise.all([client.hdel(PRODUCT_KEYS.product, id), client.zrem(PRODUCT_KEYS.products, id)]),
    );
  }
}
