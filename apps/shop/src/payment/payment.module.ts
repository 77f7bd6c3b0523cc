import { Module } from '@nestjs/common';
import type { Stripe } from 'stripe';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { PaymentProvider } from '../orders/payment.provider.ts';
import { DemoProvider } from './demo.provider.ts';
import { STRIPE } from './payment.tokens.ts';
import { createStripe } from './stripe.client.ts';
import { StripeProvider } from './stripe.provider.ts';

/** The payment provider that DEMO_MODE chooses, and Stripe's client, which both use. */
@Module({
  providers: [
    { provide: STRIPE, inject: [CONFIG], useFactory: createStripe },
    {
      provide: PaymentProvider,
      inject: [STRIPE, CONFIG],
      useFactory: (stripe: Stripe, config: Config) =>
        config.DEMO_MODE
          ? new DemoProvider(
              stripe,
              `http://127.0.0.1:${config.APP_PORT}/webhooks/stripe`,
              config.STRIPE_WEBHOOK_SECRET ?? '',
            )
          : new StripeProvider(stripe, config.SHOP_URL),
    },
  ],
  exports: [STRIPE, PaymentProvider],
})
export class PaymentModule {}
