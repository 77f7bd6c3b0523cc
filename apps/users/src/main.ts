import { runService } from '#libs/service/create-service.ts';
import { UsersModule } from './users.module.ts';

await runService({
  name: 'users',
  description: 'The people who sign quotes. Every call needs the admin key.',
  adminKey: true,
  module: UsersModule,
});
