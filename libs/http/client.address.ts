import { isIPv4, isIPv6 } from 'node:net';
import { normalizeIp } from '@nestjs/throttler';

/** Entries of `X-Forwarded-For` that are read, from the right; nobody has more proxies. */
const MAX_HOPS = 16;

/** Beginning of an IPv4 address that is written as IPv6 (RFC 4291, 2.5.5.2). */
const MAPPED_IPV4 = '::ffff:';

/** Name of a client whose connection ended before its address was read. */
const GONE = 'gone';

/** IPv6 clients are told apart by this prefix: a subscriber usually owns a /64. */
const CLIENT_PREFIX_BITS = 64;
/** IPv6 addresses with this prefix form one network: one owner can choose among them. */
const NETWORK_PREFIX_BITS = 48;

/**
 * The addresses in an `X-Forwarded-For` field, in canonical form: without ports, brackets and
 * zones, IPv4-mapped IPv6 as IPv4. The list starts after the last entry that is no address: no
 * proxy vouches for what stands left of it, so that the proxy that passed it on counts as the
 * client.
 */
export function cleanForwardedFor(field: string): string {
  const clean: string[] = [];
  for (const entry of field.split(',').slice(-MAX_HOPS).reverse()) {
    const address = plainAddress(entry.trim());
    if (address === undefined) break;
    clean.unshift(address);
  }
  return clean.join(', ');
}

/**
 * The name under which a client's requests are counted: an IPv4 address or the /64 of an IPv6 one,
 * never text that the client wrote.
 */
export function clientOf(ip: string | undefined): string {
  const address = plainAddress(ip ?? '');
  if (address === undefined) return GONE;
  return isIPv4(address) ? address : normalizeIp(address, CLIENT_PREFIX_BITS);
}

/** The network of a client: a /24 of IPv4, a /48 of IPv6. */
export function networkOf(ip: string | undefined): string {
  const address = plainAddress(ip ?? '');
  if (address === undefined) return GONE;
  return isIPv4(address)
    ? address.replace(/\d+$/, '0/24')
    : normalizeIp(address, NETWORK_PREFIX_BITS);
}

/** The canonical address in one entry of a list of hops, or undefined when there is none. */
export function plainAddress(entry: string): string | undefined {
  if (isIPv4(entry)) return entry;
  // A socket of both families shows IPv4 so; it is read here because each request needs it.
  if (entry.startsWith(MAPPED_IPV4)) {
    const mapped = entry.slice(MAPPED_IPV4.length);
    if (isIPv4(mapped)) return mapped;
  }
  // Proxies also write `1.2.3.4:5678`, `[::1]:80` and `[::1]`.
  const [, v4, v6 = entry] = /^(?:([\d.]+):\d{1,5}|\[([^\]]*)\](?::\d{1,5})?)$/.exec(entry) ?? [];
  if (v4 !== undefined) return isIPv4(v4) ? v4 : undefined;
  const [bare = ''] = v6.split('%', 1);
  if (!isIPv6(bare)) return undefined;
  // normalizeIp() writes IPv4-mapped addresses as IPv4, and appends `/128` to others but `::1`.
  const canonical = normalizeIp(bare, 128);
  return isIPv4(canonical) ? canonical : canonical.replace('/128', '');
}
