import { randomBytes } from 'node:crypto';
import { QUOTE_ID } from '#libs/quotes/quote.schema.ts';
import { PRINTS, type Print } from '../orders/order.schema.ts';

export const MAX_LINE_QUANTITY = 20;
/** How many different prints fit into a cart, which has to fit into a cookie. */
export const MAX_CART_LINES = 20;

/** One print in a cart; its price and text are looked up when they are shown or ordered. */
export interface CartLine {
  quote_id: string;
  print: Print;
  quantity: number;
}

/** What a visitor is about to order. */
export interface Cart {
  /** Tells this cart from all others; a cart leads to one order. */
  id: string;
  lines: readonly CartLine[];
}

/** A cart with nothing in it. */
export function emptyCart(): Cart {
  return { id: randomBytes(12).toString('base64url'), lines: [] };
}

/**
 * The cart with `quantity` of a print; 0 takes the print out. What exceeds the limits is left out.
 */
export function setQuantity(cart: Cart, line: CartLine): Cart {
  const others = cart.lines.filter((other) => !isSame(other, line));
  const at = cart.lines.findIndex((other) => isSame(other, line));
  if (line.quantity <= 0) return { ...cart, lines: others };
  const capped = { ...line, quantity: Math.min(line.quantity, MAX_LINE_QUANTITY) };
  if (at >= 0) return { ...cart, lines: cart.lines.with(at, capped) };
  return { ...cart, lines: [...cart.lines, capped].slice(0, MAX_CART_LINES) };
}

/** The cart with more of a print. */
export function add(cart: Cart, line: CartLine): Cart {
  const held = cart.lines.find((other) => isSame(other, line))?.quantity ?? 0;
  return setQuantity(cart, { ...line, quantity: held + line.quantity });
}

/** How many prints are in the cart. */
export function countOf({ lines }: Cart): number {
  return lines.reduce((sum, { quantity }) => sum + quantity, 0);
}

/** The cart as a cookie value: its id, then `.quote-print-quantity` for each line. */
export function writeCart({ id, lines }: Cart): string {
  return [
    id,
    ...lines.map(({ quote_id, print, quantity }) => `${quote_id}-${print}-${quantity}`),
  ].join('.');
}

/** The cart in a cookie value. Invalid lines are dropped; without a valid id the cart is new. */
export function readCart(text: string): Cart {
  const [id = '', ...rest] = text.split('.');
  if (!/^[\w-]{16}$/.test(id)) return emptyCart();
  const lines = rest.slice(0, MAX_CART_LINES).flatMap((part) => {
    const [, quote_id = '', name, count] = /^(\d+)-([a-z]+)-(\d+)$/.exec(part) ?? [];
    const print = PRINTS.find((known) => known === name);
    const quantity = Number(count);
    const isValid = QUOTE_ID.test(quote_id) && quantity >= 1 && quantity <= MAX_LINE_QUANTITY;
    return print && isValid ? [{ quote_id, print, quantity }] : [];
  });
  return { id, lines };
}

function isSame(a: CartLine, b: CartLine): boolean {
  return a.quote_id === b.quote_id && a.print === b.print;
}
