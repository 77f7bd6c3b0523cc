import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { DerivationQueue } from './derivation.queue.ts';

const derive = promisify(argon2);

/** OWASP's minimum for argon2id: 19 MiB, 2 passes, 1 lane. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const TAG_LENGTH = 32;

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;

/** Derivations wait for each other, all of the process. */
export const derivations = new DerivationQueue();

/**
 * Hashes a password with argon2id (RFC 9106), in Unicode's normal form C: what looks the same is the same, whatever the keyboard.
 * @returns PHC string
 * @throws ProblemError busy when too many wait already
 */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  // Only whoever holds the admin key asks for hashes.
  const tag = await derivations.run(0, 'admin', () =>
    derive('argon2id', {
      message: password.normalize('NFC'),
      nonce,
      memory: MEMORY_KIB,
      passes: PASSES,
      parallelism: 1,
      tagLength: TAG_LENGTH,
    }),
  );
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=1$${encode(nonce)}$${encode(tag)}`;
}

/** Tells whether a password is the one behind a PHC string. To be called when {@link derivations} gives a turn. */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const [, memory, passes, lanes, nonce = '', tag = ''] = PHC.exec(phc) ?? [];
  const expected = Buffer.from(tag, 'base64');
  if (expected.length === 0) return false;
  const matches = async (message: string) =>
    timingSafeEqual(
      await derive('argon2id', {
        message,
        nonce: Buffer.from(nonce, 'base64'),
        memory: Number(memory),
        passes: Number(passes),
        parallelism: Number(lanes),
        tagLength: expected.length,
      }),
      expected,
    );
  const composed = password.normalize('NFC');
  // Hashes of former versions were made of the password as it came.
  return (await matches(composed)) || (composed !== password && (await matches(password)));
}

/** Base64 without padding, as PHC strings have it. */
function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
