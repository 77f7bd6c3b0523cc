import { runService } from '#libs/service/create-service.ts';
import { QuotesModule } from './quotes.module.ts';

await runService({
  name: 'quotes',
  description:
    'The quotes. Reading is open to all; writing needs the admin key, or the credentials of a ' +
    'user for quotes of their own.',
  adminKey: true,
  module: QuotesModule,
});
