import { runService } from '#libs/service/create-service.ts';
import { ShopModule } from './shop.module.ts';
import { web } from './web/web.ts';

await runService({
  name: 'shop',
  description:
    'The shop PrivRocket: pages for buyers, which are not described here, the webhook of ' +
    'Stripe, and the orders for the admin.',
  adminKey: true,
  cookies: true,
  payments: true,
  module: ShopModule,
  web,
});
