/**
 * Binary search: the first number from 0 to `size` for which `isBefore` is false. It must be true
 * for all numbers before that one, and false for all others below `size`.
 */
export function bisect(size: number, isBefore: (at: number) => boolean): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
