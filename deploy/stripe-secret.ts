/**
 * File beside the shop's kustomization.yaml, ignored by git, that holds the secrets of its payments
 * as plain `KEY=value` lines.
 */
export const stripeSecretFile = 'stripe.secret';

/**
 * Command that makes a new secret file for demo mode: a random secret, and no keys of an account.
 */
export const makeStripeSecret = (file: string) =>
  "(umask 077; printf 'STRIPE_PUBLISHABLE_KEY=\\nSTRIPE_SECRET_KEY=\\n" +
  "STRIPE_WEBHOOK_SECRET=%s\\n' " +
  `"$(openssl rand -hex 24)" > ${file})`;

/**
 * Why the secrets of the payments are unusable, or undefined when they may be deployed. The shop
 * checks the rest when it starts.
 */
export function stripeSecretProblem(values: NodeJS.Dict<string>): string | undefined {
  // All three names must be there, since the Deployment refers to them.
  for (const name of ['STRIPE_PUBLISHABLE_KEY', 'STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET']) {
    if (values[name] === undefined) return `${name} is missing; leave it empty if DEMO_MODE is on`;
  }
  if ((values.STRIPE_WEBHOOK_SECRET?.length ?? 0) < 16)
    return 'STRIPE_WEBHOOK_SECRET must have at least 16 characters';
  return undefined;
}
