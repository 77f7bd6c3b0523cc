import { MAX_GAP } from './ranking.ts';
import { ELSEWHERE_MASK, POSITION_MASK_BITS } from './segment.layout.ts';

/**
 * Whether the masks of a document tell every position apart; in a longer one, positions share bits.
 */
export function isExactMask(length: number): boolean {
  return length <= POSITION_MASK_BITS;
}

/**
 * The positions `by` words further on. A bit that leaves the mask comes back at its other end,
 * unless it is exact.
 */
export function shiftMask(mask: number, by: number, isExact: boolean): number {
  // POSITION_MASK_BITS, and as many ones, as literals: the innermost loops are here.
  return ((mask << by) | (isExact ? 0 : mask >>> (16 - by))) & 0xffff;
}

/**
 * The gap between two words of a document (proximity in ranking.ts), given the masks of their
 * positions; `max` when it is wider. When the masks are not exact, it is a lower bound of the gap.
 */
export function minGap(left: number, right: number, isExact: boolean, max = MAX_GAP): number {
  // A text whose every place holds the word has no gap to another one either.
  if (left === ELSEWHERE_MASK || right === ELSEWHERE_MASK) return 0;
  if (shiftMask(left, 1, isExact) & right) return 0;
  for (let gap = 1; gap < max; gap++) {
    const isForward = shiftMask(left, gap + 1, isExact) & right;
    if (isForward || shiftMask(right, gap, isExact) & left) return gap;
  }
  return max;
}
