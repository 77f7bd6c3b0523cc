import type { OrderLine, Print } from '../orders/order.schema.ts';

/**
 * What a quote is sold as, with the price in euro cents.
 */
export const PRINT_OFFERS: Readonly<
  Record<Print, { name: string; price: number; detail: string }>
> = {
  poster: { name: 'Poster', price: 2400, detail: '50 × 70 cm, matt paper of 200 g/m²' },
  mug: { name: 'Mug', price: 1400, detail: 'White ceramic, 33 cl, dishwasher safe' },
  card: { name: 'Card', price: 350, detail: 'A6, folded, with an envelope' },
};

/** Who said the quote of a print, and where: a line, empty when neither is known. */
export function attribution({ author, source }: Pick<OrderLine, 'author' | 'source'>): string {
  return [author, source].filter((part) => part !== null).join(', ');
}
