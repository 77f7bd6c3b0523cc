import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** How long credentials are remembered after their last use, in milliseconds. */
const MEMORY_MS = 60 * 60_000;
/** How many are remembered at most; those that were used longest ago go first. */
const CAPACITY = 10_000;

/**
 * Credentials that were right. Each is held as a keyed hash of the password and the stored hash:
 * the key never leaves the process, and a removed user or a changed password counts at once.
 */
export class VerifiedCredentials {
  private readonly key = randomBytes(32);
  private readonly digests = new LRUCache<string, true>({
    max: CAPACITY,
    ttl: MEMORY_MS,
    updateAgeOnGet: true,
  });

  /**
   * Whether they were right before. Asking counts as a use.
   * @param stored the hash of the password that is stored of the user
   */
  remembers(password: string, stored: string): boolean {
    return this.digests.get(this.digest(password, stored)) === true;
  }

  /** Remembers credentials that were right. */
  remember(password: string, stored: string): void {
    this.digests.set(this.digest(password, stored), true);
  }

  private digest(password: string, stored: string): string {
    return createHmac('sha256', this.key).update(`${stored}\0${password}`).digest('base64');
  }
}
