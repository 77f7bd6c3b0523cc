import { readFile } from 'node:fs/promises';
import type { BlockFormat } from './block.reader.ts';

const HEADER_BYTES = 24;
const ROTATED = 0x4;

/**
 * How the fortune file at `path` is written, as the index of strfile(1) beside it says; undefined
 * when there is none.
 */
export async function readIndexOf(path: string): Promise<BlockFormat | undefined> {
  const index = await readFile(`${path}.dat`).catch(() => undefined);
  if (!index || index.length < HEADER_BYTES || !isStrfileIndex(index)) return undefined;
  const flags = index.readUInt32BE(16);
  return {
    separator: String.fromCharCode(index[20] ?? 0),
    rot13: (flags & ROTATED) !== 0,
  };
}

/** An index starts with its version as a 32-bit number, so with a zero byte, as no text does. */
export function isStrfileIndex(head: Buffer): boolean {
  return head.length >= 4 && [1, 2].includes(head.readUInt32BE(0));
}
