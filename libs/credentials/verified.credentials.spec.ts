import { jest } from '@jest/globals';

jest.useFakeTimers();
// The cache takes its clock when it is loaded.
const { VerifiedCredentials } = await import('./verified.credentials.ts');

const MINUTE = 60_000;
const STORED = '$argon2id$hash-of-milou';

let verified = new VerifiedCredentials();
beforeEach(() => {
  // The clock starts at 0, which the cache would take for no time at all.
  jest.advanceTimersByTime(1);
  verified = new VerifiedCredentials();
  verified.remember('milou', STORED);
});

it('remembers a password together with the hash that was stored', () => {
  expect(verified.remembers('milou', STORED)).toBe(true);
  expect(verified.remembers('haddock', STORED)).toBe(false);
  expect(verified.remembers('milou', '$argon2id$another')).toBe(false);
});

it('forgets them an hour after their last use', () => {
  for (let i = 0; i < 3; i += 1) {
    jest.advanceTimersByTime(59 * MINUTE);
    expect(verified.remembers('milou', STORED)).toBe(true);
  }
  jest.advanceTimersByTime(60 * MINUTE + 1);
  expect(verified.remembers('milou', STORED)).toBe(false);
});

it('remembers 10,000, and forgets those first that were used longest ago', () => {
  for (let i = 1; i < 10_000; i += 1) verified.remember(`password ${i}`, STORED);
  expect(verified.remembers('milou', STORED)).toBe(true);

  verified.remember('one more', STORED);
  expect(verified.remembers('password 1', STORED)).toBe(false);
  expect(verified.remembers('password 2', STORED)).toBe(true);
  expect(verified.remembers('milou', STORED)).toBe(true);
  expect(verified.remembers('one more', STORED)).toBe(true);
});
