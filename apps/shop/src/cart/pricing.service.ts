import { Injectable } from '@nestjs/common';
import { CatalogueService } from '../catalogue/catalogue.service.ts';
import { PRINT_OFFERS } from '../catalogue/prints.ts';
import type { OrderLine } from '../orders/order.schema.ts';
import type { Cart, CartLine } from './cart.ts';

/** A cart with texts and prices. */
export interface PricedCart {
  lines: OrderLine[];
  /** In euro cents. */
  total: number;
  /** The lines of the cart that are no longer sold. */
  gone: CartLine[];
}

/** Prices carts from the server's own prices, never from a browser's. */
@Injectable()
export class PricingService {
  constructor(private readonly catalogue: CatalogueService) {}

  /**
   * @param requestId of the visitor's request
   * @throws ProblemError busy; unavailable when neither the quotes service nor the shop's own Redis
   *   has the text of a quote
   */
  async price(cart: Cart, requestId: string): Promise<PricedCart> {
    const ids = new Set(cart.lines.map(({ quote_id }) => quote_id));
    const products = await this.catalogue.productsOf([...ids], requestId);
    const priced: PricedCart = { lines: [], total: 0, gone: [] };
    for (const line of cart.lines) {
      const product = products.get(line.quote_id);
      if (!product) {
        priced.gone.push(line);
        continue;
      }
      const { quote, author, source } = product;
      const unit_price = PRINT_OFFERS[line.print].price;
      priced.lines.push({ ...line, quote, author, source, unit_price });
      priced.total += unit_price * line.quantity;
    }
    return priced;
  }
}
