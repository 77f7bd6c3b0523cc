import type { FastifyReply, FastifyRequest } from 'fastify';
import { dropCookie, readCookie, writeCookie } from '../web/cookies.ts';
import { type Cart, emptyCart, readCart, writeCart } from './cart.ts';

const COOKIE = 'cart';
const MAX_AGE_SECONDS = 30 * 24 * 60 * 60;

/** The visitor's cart. */
export function cartOf(request: FastifyRequest): Cart {
  const cookie = readCookie(request, COOKIE);
  return cookie === undefined ? emptyCart() : readCart(cookie);
}

/** Gives the visitor a cart to keep. */
export function keepCart(reply: FastifyReply, cart: Cart): void {
  writeCookie(reply, COOKIE, writeCart(cart), MAX_AGE_SECONDS);
}

/** Takes the visitor's cart away. */
export function dropCart(reply: FastifyReply): void {
  dropCookie(reply, COOKIE);
}
