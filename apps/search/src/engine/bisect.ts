/**
 * Binary search: the first of 0 .. `size` for which `isBefore` is false. It must be true for all
 * before that one, and false for all behind it.
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
