/** So many matches wait at most. */
export const MAX_QUEUED = 65_536;

/** The orders of matches are below this. */
const ORDERS = 256;

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

  get isFull(): boolean {
    return this.#size === MAX_QUEUED;
  }

  /**
   * Adds a match; there must be room.
   * @param order its place: lower ones come first
   * @param mask any 16 bits that are wanted back
   */
  add(context: Context, document: number, order: number, mask: number): void {
    if (this.#contexts.at(-1) !== context) this.#contexts.push(context);
    const at = this.#size++;
    this.#contextIndexes[at] = this.#contexts.length - 1;
    this.#documents[at] = document;
    this.#orders[at] = order;
    this.#masks[at] = mask;
  }

  /** Removes all matches, and visits them in order, until `visit` returns false. */
  drain(visit: (context: Context, document: number, order: number, mask: number) => boolean): void {
    this.#sort();
    for (let i = 0; i < this.#size; i++) {
      const at = this.#sorted[i] as number;
      const context = this.#contexts[this.#contextIndexes[at] as number] as Context;
      const [document, order, mask] = [this.#documents[at], this.#orders[at], this.#masks[at]];
      if (!visit(context, document as number, order as number, mask as number)) break;
    }
    this.#size = 0;
    this.#contexts.length = 0;
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
