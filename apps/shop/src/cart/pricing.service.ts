import { Injectable } from '@nestjs/common';
import { ProblemError } from '#libs/problem/problem.ts';
import { CatalogueService } from '../catalogue/catalogue.service.ts';
import { PRINT_OFFERS } from '../catalogue/prints.ts';
import type { OrderLine } from '../orders/order.schema.ts';
import type { Cart, CartLine } from './cart.ts';

/** A cart with texts and prices. */
export interface PricedCart {
  lines: OrderLine[];
  /** In cents. */
  total: number;
  /** What was in the cart and is sold no more. */
  gone: CartLine[];
}

/** Prices carts, from the server's own prices. */
@Injectable()
export class PricingService {
  constructor(private readonly catalogue: CatalogueService) {}

  /**
   * @param requestId of the visitor's request
   * @throws ProblemError unavailable when a text can be had from nowhere
   */
  async price(cart: Cart, requestId: string): Promise<PricedCart> {
    const found = await Promise.all(cart.lines.map((line) => this.priceLine(line, requestId)));
    const lines = found.filter((line) => line !== undefined);
    return {
      lines,
      total: lines.reduce((sum, { unit_price, quantity }) => sum + unit_price * quantity, 0),
      gone: cart.lines.filter((_, i) => found[i] === undefined),
    };
  }

  private async priceLine(line: CartLine, requestId: string): Promise<OrderLine | undefined> {
    try {
      const { quote } = await this.catalogue.product(line.quote_id, requestId);
      return { ...line, quote, unit_price: PRINT_OFFERS[line.print].price };
    } catch (error) {
      if (error instanceof ProblemError && error.problem === 'not-found') return undefined;
      throw error;
    }
  }
}
