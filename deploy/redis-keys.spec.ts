import { SNAPSHOT_KEYS } from '#apps/search/src/snapshot.keys.ts';
import { PRODUCT_KEYS } from '#apps/shop/src/catalogue/product.keys.ts';
import { ORDER_KEYS } from '#apps/shop/src/orders/order.keys.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { keyFamilies } from '#libs/testing/key-families.ts';
import { THROTTLE_KEY } from '#libs/throttling/throttle.keys.ts';
import { LOGIN_KEYS } from '#libs/users/login.keys.ts';
import { USER_KEYS } from '#libs/users/user.keys.ts';

/** Every key of the code, with a `*` where something is appended to it. */
function known(): string[] {
  const groups = [
    shardKeys(0),
    SNAPSHOT_KEYS,
    USER_KEYS,
    LOGIN_KEYS,
    ORDER_KEYS,
    PRODUCT_KEYS,
    { THROTTLE_KEY },
  ];
  const all = groups.flatMap((group) => Object.values(group) as string[]);
  return all.map((key) => (key.endsWith(':') ? `${key}*` : key)).sort();
}

it('every family of keys stands in the table of docs/operations.md, with its bound', () => {
  const families = keyFamilies();
  expect(families.map(({ key }) => key).sort()).toEqual(known());
  for (const { key, ttl, bound } of families) {
    expect([key, ttl]).toEqual([key, expect.stringMatching(/^(always|until paid|no)$/)]);
    expect(bound.trim()).not.toBe('');
  }
});
