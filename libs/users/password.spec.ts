import { ProblemError } from '#libs/problem/problem.ts';
import { hashPassword, verifyPassword } from './password.ts';

describe('a hash', () => {
  it('is argon2id of 19 MiB with a salt of its own, and verifies its password only', async () => {
    const [first, second] = await Promise.all([hashPassword('milou 🐕'), hashPassword('milou 🐕')]);

    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(first).not.toBe(second);
    expect(await verifyPassword('milou 🐕', first)).toBe(true);
    for (const wrong of ['milou', 'Milou 🐕', 'milou 🐕 ', ''])
      expect(await verifyPassword(wrong, first)).toBe(false);
  });

  it('compares in normal form C, and knows hashes of what was not', async () => {
    const composed = 'caf\u00e9';
    const decomposed = 'cafe\u0301';
    expect(await verifyPassword(decomposed, await hashPassword(composed))).toBe(true);
    expect(await verifyPassword(composed, await hashPassword(decomposed))).toBe(true);
    // Earlier versions hashed the decomposed form; made by Node's own argon2, 256 KiB, 2 passes.
    const former =
      '$argon2id$v=19$m=256,t=2,p=1$Zm9ybWVyLXNhbHQ$o2M4PP/4FGoPO7LSS97Gk41H/zewLa7VCd87/9pKyqo';
    expect(await verifyPassword(decomposed, former)).toBe(true);
    expect(await verifyPassword(composed, former)).toBe(false);
  });

  // This is a test vector of the reference implementation, phc-winner-argon2.
  it('of another implementation and of other costs is understood', async () => {
    const hash =
      '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
    expect(await verifyPassword('password', hash)).toBe(true);
    expect(await verifyPassword('Password', hash)).toBe(false);
  });

  it.each([
    '',
    'password',
    '$2b$10$abcdefghijklmnopqrstuv',
    '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR',
  ])('that is %j verifies nothing', async (hash) => {
    expect(await verifyPassword('password', hash)).toBe(false);
  });
});

it('lets only so many wait', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 34 }, () => hashPassword('x')));

  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused.map((outcome) => 'reason' in outcome && outcome.reason)).toEqual([
    new ProblemError('busy'),
    new ProblemError('busy'),
  ]);
  expect(await hashPassword('x')).toContain('$argon2id$');
});
