/** Up to this distance, single steps are quicker than galloping. */
const MAX_LINEAR_STEPS = 4;

/**
 * The first of the postings from `from` up to, but without, `end` whose document is `target` or a
 * higher one; `end` when there is none. It is mostly near: single steps come first, then galloping
 * (Bentley and Yao, An almost optimal algorithm for unbounded searching, 1976) and a binary search.
 */
export function advance(documents: Uint16Array, from: number, end: number, target: number): number {
  const near = Math.min(end, from + MAX_LINEAR_STEPS);
  let low = from;
  while (low < near && (documents[low] as number) < target) low++;
  if (low < near || low === end) return low;
  let high = low;
  for (let step = MAX_LINEAR_STEPS; high < end && (documents[high] as number) < target; step *= 2) {
    low = high + 1;
    high = Math.min(end, high + step);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((documents[middle] as number) < target) low = middle + 1;
    else high = middle;
  }
  return low;
}
