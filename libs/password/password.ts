import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { ProblemError } from '#libs/service/problem.ts';

const derive = promisify(argon2);

/** OWASP's minimum for argon2id: 19 MiB, 2 passes, 1 lane. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const TAG_LENGTH = 32;

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;

/** Derivations wait for each other, since each needs 19 MiB of a small container. */
let turn: Promise<unknown> = Promise.resolve();
let waiting = 0;
const MOST_WAITING = 32;

/**
 * Hashes a password with argon2id (RFC 9106).
 * @returns PHC string
 * @throws ProblemError busy when too many wait already
 */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await deriveInTurn(password, nonce, MEMORY_KIB, PASSES, 1, TAG_LENGTH);
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=1$${encode(nonce)}$${encode(tag)}`;
}

/**
 * Tells whether a password is the one behind a PHC string.
 * @throws ProblemError busy when too many wait already
 */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const [, memory, passes, lanes, nonce = '', tag = ''] = PHC.exec(phc) ?? [];
  const expected = Buffer.from(tag, 'base64');
  if (expected.length === 0) return false;
  const actual = await deriveInTurn(
    password,
    Buffer.from(nonce, 'base64'),
    Number(memory),
    Number(passes),
    Number(lanes),
    expected.length,
  );
  return timingSafeEqual(actual, expected);
}

async function deriveInTurn(
  message: string,
  nonce: Buffer,
  memory: number,
  passes: number,
  parallelism: number,
  tagLength: number,
): Promise<Buffer> {
  if (waiting >= MOST_WAITING) throw new ProblemError('busy');
  waiting += 1;
  const derivation = turn.then(() => derive('argon2id', { message, nonce, memory, passes, parallelism, tagLength }));
  turn = derivation.catch(() => {});
  try {
    return await derivation;
  } finally {
    waiting -= 1;
  }
}

/** Base64 without padding, as PHC strings have it. */
function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
