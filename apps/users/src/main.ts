import { runService } from '#libs/service/create-service.ts';
import { UsersModule } from './users.module.ts';

await runService({
  name: 'users',
  description:
    'The people who sign quotes. Every call needs the admin key, or the credentials of the user ' +
    'whom it is about.',
  adminKey: true,
  module: UsersModule,
});
