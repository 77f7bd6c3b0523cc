import { Stripe } from 'stripe';
import type { Config } from '#libs/config/config.ts';

/** The version of Stripe's API that this code was written and tested against. */
const API_VERSION = '2026-10-28.endive';
/** Short, since a buyer is waiting. */
const TIMEOUT_MS = 5_000;

/**
 * Stripe's own client. It makes no call by itself, so that it also serves for signatures in demo
 * mode.
 */
export function createStripe(config: Config): Stripe {
  const { hostname, port, protocol } = new URL(config.STRIPE_API_URL);
  return new Stripe(config.STRIPE_SECRET_KEY ?? 'none', {
    apiVersion: API_VERSION,
    host: hostname,
    protocol: protocol === 'http:' ? 'http' : 'https',
    ...(port !== '' && { port }),
    timeout: TIMEOUT_MS,
    maxNetworkRetries: 2,
    telemetry: false,
  });
}
