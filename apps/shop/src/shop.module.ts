import { Module } from '@nestjs/common';
import { AdminKeyModule } from '#libs/admin-key/admin-key.module.ts';
import { UserNamesRepository } from '#libs/users/user-names.repository.ts';
import { CartController } from './cart/cart.controller.ts';
import { PricingService } from './cart/pricing.service.ts';
import { CatalogueController } from './catalogue/catalogue.controller.ts';
import { CatalogueService } from './catalogue/catalogue.service.ts';
import { ProductsRepository } from './catalogue/products.repository.ts';
import { QuotesClient } from './catalogue/quotes.client.ts';
import { CheckoutController } from './checkout/checkout.controller.ts';
import { LegalController } from './legal/legal.controller.ts';
import { BuyerController } from './orders/buyer.controller.ts';
import { OrdersController } from './orders/orders.controller.ts';
import { OrdersRepository } from './orders/orders.repository.ts';
import { OrdersService } from './orders/orders.service.ts';
import { DemoController } from './payment/demo.controller.ts';
import { PaymentModule } from './payment/payment.module.ts';
import { WebhookController } from './payment/webhook.controller.ts';
import { StripeTestController } from './stripe-test/stripe-test.controller.ts';
import { AssetsController } from './web/assets.controller.ts';

/**
 * The shop. Buyers' pages come before the admin's, whose `/orders/:id` would match
 * `/orders/lookup`.
 */
@Module({
  imports: [AdminKeyModule, PaymentModule],
  controllers: [
    AssetsController,
    CatalogueController,
    CartController,
    CheckoutController,
    BuyerController,
    OrdersController,
    DemoController,
    WebhookController,
    StripeTestController,
    LegalController,
  ],
  providers: [
    CatalogueService,
    ProductsRepository,
    QuotesClient,
    UserNamesRepository,
    PricingService,
    OrdersService,
    OrdersRepository,
  ],
})
export class ShopModule {}
