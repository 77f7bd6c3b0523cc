import { createHmac, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { idSchema } from '#libs/model/text.schema.ts';
import { hashPassword, verifyPassword } from '#libs/password/password.ts';
import { UsersRepository } from '#libs/redis/users.repository.ts';

/** How long verified credentials are remembered, in milliseconds. */
const MEMORY = 60_000;
/** How many are remembered at most. */
const CAPACITY = 10_000;

/**
 * Verifies the Basic credentials (RFC 7617) of users. Good ones are remembered for a minute by a keyed hash of password and stored hash, so that a removed user or
 * a changed password counts at once; wrong ones are never remembered and wait their turn for the one verification at a time.
 */
@Injectable()
export class CredentialsService {
  private readonly secret = randomBytes(32);
  private readonly verified = new Map<string, number>();
  private decoy: Promise<string> | undefined;

  constructor(private readonly users: UsersRepository) {}

  /**
   * The id of the user whose credentials the header field holds, or undefined when it holds no good ones.
   * @throws ProblemError busy; RedisUnavailableError
   */
  async verify(authorization: string | undefined): Promise<string | undefined> {
    const credentials = parseBasic(authorization);
    if (!credentials) return undefined;
    const stored = await this.users.findPasswordHash(credentials.id);
    // An unknown user costs the same time as a known one, so that ids cannot be told apart.
    if (stored === undefined) await this.verifyDecoy(credentials.password);
    else if (await this.remembersOrVerifies(credentials.password, stored)) return credentials.id;
    return undefined;
  }

  private async remembersOrVerifies(password: string, stored: string): Promise<boolean> {
    const key = createHmac('sha256', this.secret).update(`${stored}\0${password}`).digest('base64');
    const now = Date.now();
    if ((this.verified.get(key) ?? 0) > now) return true;
    if (!(await verifyPassword(password, stored))) return false;
    const [oldest] = this.verified.keys();
    if (this.verified.size >= CAPACITY && oldest !== undefined) this.verified.delete(oldest);
    this.verified.set(key, now + MEMORY);
    return true;
  }

  private async verifyDecoy(password: string): Promise<void> {
    this.decoy ??= hashPassword(randomBytes(16).toString('hex'));
    await verifyPassword(password, await this.decoy);
  }
}

function parseBasic(authorization: string | undefined): { id: string; password: string } | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const [, id = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return idSchema.safeParse(id).success && password.length > 0 && password.length <= 256 ? { id, password } : undefined;
}
