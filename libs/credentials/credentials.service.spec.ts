import 'reflect-metadata';
import { parseConfig } from '#libs/config/config.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { basic } from '#libs/testing/http-client.ts';
import { Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import { LoginsRepository } from '#libs/users/logins.repository.ts';
import { derivations, hashPassword } from '#libs/users/password.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';

// Jest can load the limiter's library, which is CommonJS, only when Nest has been loaded.
const { CredentialsService } = await import('./credentials.service.ts');

const platform = new Platform();
let redis: RedisService;
let users: UsersRepository;
let logins: LoginsRepository;
let credentials: InstanceType<typeof CredentialsService>;

beforeAll(async () => {
  await platform.start();
  const config = parseConfig('test', { adminKey: false }, platform.redisEnv('operator'));
  redis = new RedisService(config);
  users = new UsersRepository(redis, new QuotesRepository(redis, config));
  logins = new LoginsRepository(redis);
  credentials = new CredentialsService(users, logins);
  await eventually(() => redis.client.status === 'ready');
});
afterAll(async () => {
  redis.onApplicationShutdown();
  await platform.stop();
});
beforeEach(() => platform.flush());

const NETWORK = '10.1.1.0/24';
const logIn = (password: string) => credentials.verify(basic('tintin', password), NETWORK);

it('tells whose credentials they are, also when it remembers them', async () => {
  const passwordHash = await hashPassword(secret('tintin'));
  await users.create({ id: 'tintin', name: 'Tintin' }, passwordHash);
  for (let i = 0; i < 2; i += 1)
    expect(await logIn(secret('tintin'))).toEqual({ id: 'tintin', passwordHash });
  expect(await logIn(secret('other'))).toBeUndefined();
});

it.each([
  [
    'the password is changed',
    (newHash: string) => users.change('tintin', { passwordHash: newHash }),
  ],
  ['the user is removed', () => users.delete('tintin')],
])('refuses a login that waits for its turn while %s', async (_name, meanwhile) => {
  await users.create({ id: 'tintin', name: 'Tintin' }, await hashPassword(secret('tintin')));
  const newHash = await hashPassword(secret('new'));
  const turn = Promise.withResolvers<void>();
  const busy = derivations.run(0, 'another', () => turn.promise);
  const login = logIn(secret('tintin'));
  // The login asks Redis twice before it waits; these answers come after those.
  for (let i = 0; i < 3; i += 1) await logins.standing('tintin', NETWORK);
  await meanwhile(newHash);
  turn.resolve();
  await busy;
  expect(await login).toBeUndefined();
});
