import { isIPv4, isIPv6 } from 'node:net';
import { normalizeIp } from '@nestjs/throttler';

/** How many entries of `X-Forwarded-For` are looked at, from the right: more proxies than that stand before nobody. */
const MOST_HOPS = 16;

/** What a client is called whose connection ended before it was asked for its address. */
const GONE = 'gone';

/** How finely IPv6 clients are told apart: a subscriber usually owns a /64. */
const CLIENT_PREFIX = 64;
/** What belongs to one network: what one owner can draw addresses from. */
const NETWORK_PREFIX = 48;

/**
 * The addresses that an `X-Forwarded-For` field holds, as addresses are written: without ports, brackets and zones, IPv4 in IPv6 as IPv4. It is cut after the
 * first entry from the right that is no address: what stands left of it no proxy vouches for, and the proxy that passed it on is the client then.
 */
export function cleanForwardedFor(field: string): string {
  const clean: string[] = [];
  for (const entry of field.split(',').slice(-MOST_HOPS).reverse()) {
    const address = plainAddress(entry.trim());
    if (address === undefined) break;
    clean.unshift(address);
  }
  return clean.join(', ');
}

/** The name under which the requests of a client are counted: an IPv4 address or the /64 of an IPv6 one, never what a client has written. */
export function clientOf(ip: string | undefined): string {
  const address = plainAddress(ip ?? '');
  return address === undefined ? GONE : normalizeIp(address, CLIENT_PREFIX);
}

/** The network of a client: a /24 of IPv4, a /48 of IPv6. */
export function networkOf(ip: string | undefined): string {
  const address = plainAddress(ip ?? '');
  if (address === undefined) return GONE;
  return isIPv4(address) ? address.replace(/\d+$/, '0/24') : normalizeIp(address, NETWORK_PREFIX);
}

/** The address in one entry of a list of hops, as addresses are written; undefined when there is none. */
export function plainAddress(entry: string): string | undefined {
  if (isIPv4(entry)) return entry;
  // `1.2.3.4:5678`, `[::1]:80`, `[::1]`: what proxies of all kinds add.
  const [, v4, v6 = entry] = /^(?:([\d.]+):\d{1,5}|\[([^\]]*)\](?::\d{1,5})?)$/.exec(entry) ?? [];
  if (v4 !== undefined) return isIPv4(v4) ? v4 : undefined;
  const [bare = ''] = v6.split('%', 1);
  if (!isIPv6(bare)) return undefined;
  // Of IPv6, only IPv4 in it is written otherwise, as IPv4.
  const canonical = normalizeIp(bare, 128);
  return isIPv4(canonical) ? canonical : canonical.replace('/128', '');
}
