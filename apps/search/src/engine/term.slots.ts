import type { Numbers } from './narrow.numbers.ts';

/** The slots of a table are at least so many times as many as its terms, and at most twice that. */
const SLOTS_PER_TERM = 4 / 3;

/** The multiplier of Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4). */
const GOLDEN_RATIO = 0x9e3779b1;

/**
 * A hash table of the places of terms in a list of different term numbers: open addressing with
 * linear probing. A slot holds a place, counted from 1, or 0.
 */
export function buildTermSlots(terms: Uint32Array): Uint32Array {
  // Two at least, so that the shift of slotOf() is below 32, and one of them stays empty.
  const bits = Math.max(1, Math.ceil(Math.log2(SLOTS_PER_TERM * terms.length + 1)));
  const slots = new Uint32Array(2 ** bits);
  for (let i = 0; i < terms.length; i++) {
    let at = slotOf(terms[i] as number, slots);
    while (slots[at] !== 0) at = (at + 1) & (slots.length - 1);
    slots[at] = i + 1;
  }
  return slots;
}

/** The place of a term in the list that the slots were built of; -1 when it is not there. */
export function findTerm(terms: Uint32Array, slots: Numbers, term: number): number {
  for (let at = slotOf(term, slots); ; at = (at + 1) & (slots.length - 1)) {
    const i = (slots[at] as number) - 1;
    if (i < 0 || terms[i] === term) return i;
  }
}

function slotOf(term: number, slots: Numbers): number {
  return Math.imul(term, GOLDEN_RATIO) >>> (Math.clz32(slots.length) + 1);
}
