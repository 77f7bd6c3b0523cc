import { keyFamilies } from '#libs/testing/key-families.ts';
import * as keys from './redis.keys.ts';

/** Every key that the code knows, those that something is appended to with a `*`. */
function known(): string[] {
  const all = [...Object.values(keys)].flatMap((group) => {
    if (typeof group === 'string') return [group];
    return Object.values(typeof group === 'function' ? group(0) : group) as string[];
  });
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
