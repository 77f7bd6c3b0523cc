import { readFileSync } from 'node:fs';
import { eventually } from '#libs/testing/eventually.ts';
import { basic, call, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { orders, ShopPlatform, sign } from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';

/** All services, without a limit of requests. */
export class ClientPlatform extends ShopPlatform {
  private users_: ServiceProcess | undefined;

  override async start(): Promise<void> {
    await super.start();
    this.users_ = await this.service('users');
  }

  /** Address of a service. */
  url(service: 'users' | 'quotes' | 'search' | 'shop'): string {
    const process = service === 'users' ? this.users_ : this[service];
    if (!process) throw new Error('the platform is not started');
    return process.url;
  }
}

const TEXT = 'Tonnerre de Brest !';

/**
 * Makes what the calls of one language presuppose, and answers with what trials.ts names in
 * braces.
 */
export async function makeFixtures(platform: ClientPlatform, language: string) {
  const users = { url: platform.url('users') };
  const { quotes, search, shop } = platform;
  const password = secret('of-the-clients');
  const ids = { user: `user-${language}`, doomedUser: `doomed-${language}` };
  const other = `other-${language}`;
  for (const id of [...Object.values(ids), other])
    succeeded(
      await call(users, 'POST /users', { key: ADMIN_KEY, json: { id, name: 'Tintin', password } }),
    );
  const add = async (json: object, key: string): Promise<string> =>
    succeeded(await call(quotes, 'POST /quotes', { key, json })).body.id;
  const key = basic(ids.user, password);
  const content = { quote: TEXT, author: 'Archibald Haddock', tags: ['Courage', 'Mer'] };
  const quote = await add(content, key);
  const doomedQuote = await add({ quote: 'Ectoplasme !' }, key);
  const foreignQuote = await add({ quote: 'Moule à gaufres !', user_id: other }, ADMIN_KEY);
  const target = `GET /search?keyword=tonnerre&user_id=${ids.user}`;
  await eventually(async () => succeeded(await call(search, target)).body.total === 1);
  await new Visitor(shop).order(quote);
  const [order] = await orders(shop);
  return {
    ...ids,
    newUser: `new-${language}`,
    password,
    text: TEXT,
    quote,
    doomedQuote,
    foreignQuote,
    order: String(order.id),
    // Go ends a line of JSON.
    signature: sign(language === 'go' ? '{}\n' : '{}'),
    version: String(JSON.parse(readFileSync('package.json', 'utf8')).version),
  };
}
