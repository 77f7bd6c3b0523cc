import type { Hit } from './search.engine.ts';

/** The best `capacity` hits of those offered: a binary heap, in flat arrays, with the worst kept hit at its root. */
export class TopHits {
  readonly #capacity: number;
  readonly #scores: Float64Array;
  readonly #ids: Float64Array;
  #size = 0;
  /** Score of the worst hit kept, once full: whatever scores less cannot enter. */
  worst = Number.NEGATIVE_INFINITY;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#scores = new Float64Array(capacity);
    this.#ids = new Float64Array(capacity);
    if (capacity === 0) this.worst = Number.POSITIVE_INFINITY;
  }

  offer(id: number, score: number): void {
    if (this.#size < this.#capacity) {
      this.#size++;
      this.#up(this.#size - 1, id, score);
    } else {
      if (this.#capacity === 0 || !this.#isWorse(0, id, score)) return;
      this.#down(id, score);
    }
    if (this.#size === this.#capacity) this.worst = this.#scores[0] as number;
  }

  /** All kept hits but the best `skipped`, best first; they are gone from here then. */
  take(skipped: number): Hit[] {
    const hits: Hit[] = [];
    while (this.#size > skipped) {
      hits.push({ id: this.#ids[0] as number, score: this.#scores[0] as number });
      this.#size--;
      this.#down(this.#ids[this.#size] as number, this.#scores[this.#size] as number);
    }
    return hits.reverse();
  }

  /** Puts a hit at a place whose own is not needed any more, or above it. */
  #up(from: number, id: number, score: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (this.#isWorse(parent, id, score)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#scores[at] = score;
    this.#ids[at] = id;
  }

  /** Puts a hit at the root, whose own is not needed any more, or below it. */
  #down(id: number, score: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (right < this.#size && this.#isWorse(right, this.#ids[child] as number, this.#scores[child] as number))
        child = right;
      if (!this.#isWorse(child, id, score)) break;
      this.#move(child, at);
      at = child;
    }
    this.#scores[at] = score;
    this.#ids[at] = id;
  }

  #move(from: number, to: number): void {
    this.#scores[to] = this.#scores[from] as number;
    this.#ids[to] = this.#ids[from] as number;
  }

  /** Whether the hit at that place is a worse one. */
  #isWorse(at: number, id: number, score: number): boolean {
    const own = this.#scores[at] as number;
    return own < score || (own === score && (this.#ids[at] as number) < id);
  }
}
