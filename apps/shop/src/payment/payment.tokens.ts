/** Injection token of Stripe's client. */
export const STRIPE = Symbol('STRIPE');
