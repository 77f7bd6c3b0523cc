/** Sets of small numbers, one bit each, 32 to a word of a Uint32Array. */

export function bitmapOf(size: number): Uint32Array {
  return new Uint32Array((size + 31) >>> 5);
}

export function hasBit(bits: Uint32Array, at: number): boolean {
  return (((bits[at >>> 5] as number) >>> (at & 31)) & 1) === 1;
}

export function clearBit(bits: Uint32Array, at: number): void {
  bits[at >>> 5] = (bits[at >>> 5] as number) & ~(1 << (at & 31));
}

/** How many bits of a 32-bit word are set (Hacker's Delight, 5-1). */
export function bitsOf(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function countBits(bits: Uint32Array, words: number): number {
  let count = 0;
  for (let i = 0; i < words; i++) count += bitsOf(bits[i] as number);
  return count;
}

/** Sets the bits of the documents of postings `from` to `to`. */
export function markPostings(documents: Uint16Array, from: number, to: number, bits: Uint32Array): void {
  for (let p = from; p < to; p++) {
    const document = documents[p] as number;
    bits[document >>> 5] = (bits[document >>> 5] as number) | (1 << (document & 31));
  }
}
