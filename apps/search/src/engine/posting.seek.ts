import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';

/** Up to this distance, single steps are quicker than galloping. */
export const MAX_LINEAR_STEPS = 8;

/**
 * Finds the posting of the document `target`, which must have one between `first` and `from`: step
 * by step first, since it is often near, then by galloping down and a binary search. Postings are
 * read downwards, since the newest documents win ties. A cursor that is set to the result only ever
 * moves down, and bounds the search for all documents to come.
 */
export function seek(documents: Uint16Array, from: number, first: number, target: number): number {
  const near = Math.max(first, from - MAX_LINEAR_STEPS);
  let high = from;
  while (high > near && (documents[high] as number) > target) high--;
  if ((documents[high] as number) <= target) {
    if (DEBUG_ASSERTIONS) assertFound(documents, high, target, from, first);
    return high;
  }
  let low = high;
  let step = MAX_LINEAR_STEPS;
  for (; low > first && (documents[low] as number) > target; step *= 2) {
    high = low;
    low = Math.max(first, low - step);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((documents[middle] as number) < target) low = middle + 1;
    else high = middle;
  }
  if (DEBUG_ASSERTIONS) assertFound(documents, low, target, from, first);
  return low;
}

function assertFound(documents: Uint16Array, at: number, target: number, from: number, to: number) {
  assert(at <= from && at >= to, 'a cursor moves down, within the postings of its term');
  assert(documents[at] === target, 'a cursor moves down to a document that has a posting');
}
