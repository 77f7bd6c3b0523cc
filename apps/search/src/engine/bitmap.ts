/** A set of small numbers: one bit for each number, 32 in an element. */
export type Bitmap = Uint32Array;

export function createBitmap(size: number): Bitmap {
  return new Uint32Array((size + 31) >>> 5);
}

/** The set of all numbers below `size`. */
export function fullBitmap(size: number): Bitmap {
  const bits = createBitmap(size).fill(0xffffffff);
  const rest = size & 31;
  if (rest > 0) bits[bits.length - 1] = 2 ** rest - 1;
  return bits;
}

export function hasBit(bits: Bitmap, at: number): boolean {
  return (((bits[at >>> 5] as number) >>> (at & 31)) & 1) === 1;
}

export function setBit(bits: Bitmap, at: number): void {
  bits[at >>> 5] = (bits[at >>> 5] as number) | (1 << (at & 31));
}

export function clearBit(bits: Bitmap, at: number): void {
  bits[at >>> 5] = (bits[at >>> 5] as number) & ~(1 << (at & 31));
}

/** Sets the bits of `members[from]` up to, but without, `members[to]`. */
export function setBits(bits: Bitmap, members: Uint16Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const member = members[i] as number;
    bits[member >>> 5] = (bits[member >>> 5] as number) | (1 << (member & 31));
  }
}

/** How many bits of a 32-bit number are set (Hacker's Delight, 5-1). */
export function popCount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** How many members the first `length` elements hold. */
export function countBits(bits: Bitmap, length: number): number {
  let count = 0;
  for (let i = 0; i < length; i++) count += popCount(bits[i] as number);
  return count;
}

/** Whether the first `length` elements hold no member. */
export function isEmpty(bits: Bitmap, length: number): boolean {
  for (let i = 0; i < length; i++) if (bits[i] !== 0) return false;
  return true;
}

/** Adds the members of the bitmap that `others` holds in `length` elements from `start` on. */
export function unite(bits: Bitmap, others: Bitmap, start: number, length: number): void {
  for (let i = 0; i < length; i++) {
    bits[i] = (bits[i] as number) | (others[start + i] as number);
  }
}

/** Keeps the members that are in that bitmap too. */
export function intersect(bits: Bitmap, others: Bitmap, start: number, length: number): void {
  for (let i = 0; i < length; i++) {
    bits[i] = (bits[i] as number) & (others[start + i] as number);
  }
}

/** Removes the members that are in that bitmap too. */
export function subtract(bits: Bitmap, others: Bitmap, start: number, length: number): void {
  for (let i = 0; i < length; i++) {
    bits[i] = (bits[i] as number) & ~(others[start + i] as number);
  }
}

/** Writes the members of the first `length` elements to `into`, ascending. Returns how many. */
export function readMembers(bits: Bitmap, length: number, into: Uint16Array): number {
  let count = 0;
  for (let i = 0; i < length; i++) {
    for (let rest = bits[i] as number; rest !== 0; rest &= rest - 1) {
      into[count++] = i * 32 + 31 - Math.clz32(rest & -rest);
    }
  }
  return count;
}

/** Calls `visit` with each member, the highest first. `visit` may clear the bit of that member. */
export function forEachDown(bits: Bitmap, length: number, visit: (member: number) => void): void {
  for (let i = length - 1; i >= 0; i--) {
    for (let rest = bits[i] as number; rest !== 0; ) {
      const bit = 31 - Math.clz32(rest);
      rest &= ~(1 << bit);
      visit(i * 32 + bit);
    }
  }
}
