import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';

/** So many matches wait at most, */
const MAX_QUEUED = 65_536;
/** with so many postings. */
const MAX_POSTINGS = 4 * MAX_QUEUED;

/** The orders of matches are below this. */
const ORDERS = 256;

/** Takes a match with the place of the first of its postings, see posting(). */
export type VisitMatch<Context> = (
  context: Context,
  document: number,
  order: number,
  mask: number,
  firstPosting: number,
) => boolean;

/**
 * Matches of all segments that wait to be ranked: those that may be the best ones are ranked first,
 * so that most of the others need not be looked at. `context` is what the matches of one tier in
 * one segment share.
 */
export class MatchQueue<Context> {
  readonly #contexts: Context[] = [];
  #size = 0;
  readonly #contextIndexes = new Uint16Array(MAX_QUEUED);
  readonly #documents = new Uint16Array(MAX_QUEUED);
  readonly #masks = new Uint16Array(MAX_QUEUED);
  readonly #orders = new Uint8Array(MAX_QUEUED);
  readonly #sorted = new Uint16Array(MAX_QUEUED);
  readonly #ends = new Uint32Array(ORDERS);
  /** Those of a match are neighbours. */
  readonly #postings = new Int32Array(MAX_POSTINGS);

  /** Whether there is no room for a match of so many words. */
  isFull(words: number): boolean {
    return this.#size === MAX_QUEUED || (this.#size + 1) * words > MAX_POSTINGS;
  }

  /**
   * Adds match `k` of the lists; there must be room.
   * @param order its place: lower ones come first
   * @param mask any 16 bits that are wanted back
   * @param words how many of the lists there are, the same for all matches that wait
   */
  add(
    context: Context,
    document: number,
    order: number,
    mask: number,
    lists: readonly Int32Array[],
    words: number,
    k: number,
  ): void {
    if (DEBUG_ASSERTIONS) assert(order >= 0 && order < ORDERS, 'an order fits into a byte');
    if (this.#contexts.at(-1) !== context) this.#contexts.push(context);
    const at = this.#size++;
    this.#contextIndexes[at] = this.#contexts.length - 1;
    this.#documents[at] = document;
    this.#orders[at] = order;
    this.#masks[at] = mask;
    for (let i = 0; i < words; i++) {
      this.#postings[at * words + i] = (lists[i] as Int32Array)[k] as number;
    }
  }

  /** Removes all matches, and visits them in order, until `visit` returns false. */
  drain(words: number, visit: VisitMatch<Context>): void {
    this.#sort();
    for (let i = 0; i < this.#size; i++) {
      const at = this.#sorted[i] as number;
      const context = this.#contexts[this.#contextIndexes[at] as number] as Context;
      const [document, order, mask] = [this.#documents[at], this.#orders[at], this.#masks[at]];
      const first = at * words;
      if (!visit(context, document as number, order as number, mask as number, first)) break;
    }
    this.#size = 0;
    this.#contexts.length = 0;
  }

  /** The posting of word i is at the place that a visitor got, plus i. */
  posting(at: number): number {
    return this.#postings[at] as number;
  }

  /** A counting sort. Those of one order come in that of their addition. */
  #sort(): void {
    const ends = this.#ends.fill(0);
    for (let at = 0; at < this.#size; at++) {
      const order = this.#orders[at] as number;
      ends[order] = (ends[order] as number) + 1;
    }
    for (let order = 1; order < ORDERS; order++) {
      ends[order] = (ends[order] as number) + (ends[order - 1] as number);
    }
    for (let at = this.#size - 1; at >= 0; at--) {
      const order = this.#orders[at] as number;
      const end = (ends[order] as number) - 1;
      ends[order] = end;
      this.#sorted[end] = at;
    }
  }
}
