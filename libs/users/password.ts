import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { DerivationQueue } from './derivation.queue.ts';

const derive = promisify(argon2);

/** OWASP's minimum for argon2id: 19 MiB, 2 passes, a parallelism of 1. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const TAG_BYTES = 32;

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;

/** The one queue of the process, so that derivations run one at a time. */
export const derivations = new DerivationQueue();

/**
 * Hashes a password with argon2id (RFC 9106), in Unicode's normal form C, so that passwords that
 * look the same are the same on every keyboard.
 * @param client who asks for it: the admin, or a user whose credentials are verified
 * @returns PHC string
 * @throws ProblemError busy when too many wait already
 */
export async function hashPassword(password: string, client = 'admin'): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await derivations.run(0, client, () =>
    derive('argon2id', {
      message: password.normalize('NFC'),
      nonce,
      memory: MEMORY_KIB,
      passes: PASSES,
      parallelism: 1,
      tagLength: TAG_BYTES,
    }),
  );
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=1$${encode(nonce)}$${encode(tag)}`;
}

/** Whether a password is the one behind a PHC string. Call it in a turn of {@link derivations}. */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const [, memory, passes, parallelism, nonce = '', tag = ''] = PHC.exec(phc) ?? [];
  const expected = Buffer.from(tag, 'base64');
  if (expected.length === 0) return false;
  const matches = async (message: string) =>
    timingSafeEqual(
      await derive('argon2id', {
        message,
        nonce: Buffer.from(nonce, 'base64'),
        memory: Number(memory),
        passes: Number(passes),
        parallelism: Number(parallelism),
        tagLength: expected.length,
      }),
      expected,
    );
  const composed = password.normalize('NFC');
  // Earlier versions hashed a password without normalizing it.
  return (await matches(composed)) || (composed !== password && (await matches(password)));
}

/** Base64 without padding, as PHC strings have it. */
function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
