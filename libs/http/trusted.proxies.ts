import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { Logger } from 'pino';
import { plainAddress } from './client.address.ts';

/** How often the names of proxies are looked up again. */
const LOOKUP_INTERVAL_MS = 5_000;

/**
 * The proxies whose `X-Forwarded-For` is believed: addresses, ranges, and names whose addresses may
 * change. An unknown name has no address; while a lookup fails, the last addresses stay trusted.
 */
export class TrustedProxies {
  /** Whether every name has been looked up once; until then a proxy would count as a client. */
  isSettled: boolean;
  private readonly ranges = new BlockList();
  private readonly names: readonly string[];
  private readonly named = new Map<string, readonly string[]>();
  private readonly logger: Pick<Logger, 'info' | 'warn'>;
  private looking = false;

  constructor(entries: readonly string[], logger: Pick<Logger, 'info' | 'warn'>) {
    this.logger = logger;
    for (const entry of entries) {
      const [address = '', bits] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (isIP(address) !== 0)
        this.ranges.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
    }
    this.names = entries.filter((entry) => isIP(entry.split('/', 1)[0] ?? '') === 0);
    this.isSettled = this.names.length === 0;
    if (this.isSettled) return;
    void this.lookUp();
    setInterval(() => void this.lookUp(), LOOKUP_INTERVAL_MS).unref();
  }

  /** Whether an address is that of a trusted proxy. */
  readonly trusts = (address: string): boolean => {
    const plain = plainAddress(address);
    if (plain === undefined) return false;
    if (this.ranges.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')) return true;
    for (const addresses of this.named.values()) if (addresses.includes(plain)) return true;
    return false;
  };

  private async lookUp(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    await Promise.all(this.names.map((name) => this.lookUpOne(name)));
    this.looking = false;
    this.isSettled = true;
  }

  private async lookUpOne(name: string): Promise<void> {
    let addresses: string[] = [];
    try {
      const found = await lookup(name, { all: true });
      addresses = [...new Set(found.map(({ address }) => plainAddress(address) ?? address))].sort();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOTFOUND')) return;
    }
    const known = this.named.get(name);
    this.named.set(name, addresses);
    if (known?.join() === addresses.join()) return;
    if (addresses.length > 0)
      this.logger.info(`trusts the proxies ${addresses.join(', ')} of ${name}`);
    else this.logger.warn(`trusts no proxy of ${name}: the name is unknown`);
  }
}
