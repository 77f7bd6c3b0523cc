import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';

/**
 * Numbers in LEB128: seven bits a byte, the lowest ones first, the top bit set on all bytes but the
 * last. Small numbers take few bytes, and every byte below 0x80 ends a number.
 */

export const MAX_VARINT32_BYTES = 5;

/**
 * Decodes `count` numbers below 2^32 from `bytes`, the first at `bytesFrom`, into `numbers` from
 * `numbersFrom` on. Returns the place behind the last byte read.
 */
export function readVarints(
  bytes: Uint8Array,
  bytesFrom: number,
  count: number,
  numbers: Uint32Array,
  numbersFrom: number,
): number {
  let at = bytesFrom;
  for (let i = numbersFrom; i < numbersFrom + count; i++) {
    let byte = bytes[at++] as number;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[at++] as number;
      value |= (byte & 0x7f) << shift;
    }
    numbers[i] = value;
  }
  return at;
}

/**
 * Decodes the numbers below 2^32 that are in `bytes[from]` up to, but without, `bytes[to]`, into
 * `numbers` from `numbersFrom` on. Returns how many there are.
 */
export function readVarintsUpTo(
  bytes: Uint8Array,
  from: number,
  to: number,
  numbers: Uint32Array,
  numbersFrom = 0,
): number {
  let end = numbersFrom;
  for (let at = from; at < to; ) {
    let byte = bytes[at++] as number;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[at++] as number;
      value |= (byte & 0x7f) << shift;
    }
    numbers[end++] = value;
  }
  return end - numbersFrom;
}

/**
 * Writes a number below 2^53 to `bytes`, its first byte at `at`. Returns the place behind its last
 * byte.
 */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  if (DEBUG_ASSERTIONS) {
    assert(Number.isSafeInteger(value) && value >= 0, 'a varint is a natural number below 2^53');
  }
  let rest = value;
  let end = at;
  // Bit operations take 32 bits only.
  for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) bytes[end++] = (rest % 0x80) | 0x80;
  for (; rest >= 0x80; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80;
  bytes[end++] = rest;
  return end;
}
