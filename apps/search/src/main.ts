import { runService } from '#libs/service/create-service.ts';
import { SearchModule } from './search.module.ts';

await runService({
  name: 'search',
  description:
    'Keyword search over the quotes, blind to case and accents, best first; authors and tags.',
  adminKey: false,
  module: SearchModule,
});
