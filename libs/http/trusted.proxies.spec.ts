import { eventually } from '#libs/testing/eventually.ts';
import { TrustedProxies } from './trusted.proxies.ts';

/** Creates proxies that log into the returned lines. */
function proxiesOf(...entries: string[]) {
  const lines: string[] = [];
  const log = (line: unknown) => void lines.push(String(line));
  return { proxies: new TrustedProxies(entries, { info: log, warn: log }), lines };
}

it.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['11.1.2.3', false],
  ['2001:db8::7', true],
  ['2001:DB8:0::7', true],
  ['2001:db9::7', false],
  ['192.0.2.1', true],
  ['192.0.2.2', false],
  ['nonsense', false],
  ['', false],
])('whether %s is a proxy: %s', (address, trusted) => {
  expect(proxiesOf('10.0.0.0/8', '2001:db8::/32', '192.0.2.1').proxies.trusts(address)).toBe(
    trusted,
  );
});

it('needs no look-up for addresses', () => {
  expect(proxiesOf('10.0.0.0/8').proxies.isSettled).toBe(true);
});

it('trusts the addresses of a name', async () => {
  const { proxies, lines } = proxiesOf('localhost');
  expect([proxies.isSettled, proxies.trusts('127.0.0.1')]).toEqual([false, false]);
  await eventually(() => proxies.isSettled);
  expect([proxies.trusts('127.0.0.1'), proxies.trusts('127.0.0.2')]).toEqual([true, false]);
  expect(lines).toEqual([
    expect.stringMatching(/^trusts the proxies .*127\.0\.0\.1.* of localhost$/),
  ]);
});

it('trusts nobody for a name that is unknown, and is settled all the same', async () => {
  // RFC 6761: this name never exists.
  const { proxies } = proxiesOf('proxy.invalid');
  await eventually(() => proxies.isSettled, 30_000);
  expect(proxies.trusts('127.0.0.1')).toBe(false);
}, 40_000);
