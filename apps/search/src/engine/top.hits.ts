import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';

/** A quote found. A higher `score` is a better hit; it lies between 0 and 1. See ranking.ts. */
export interface Hit {
  id: number;
  score: number;
}

/**
 * Collects the best `capacity` of the hits offered: a binary heap in flat arrays, with the worst of
 * the kept hits at its root.
 */
export class TopHits {
  readonly capacity: number;
  // Plain arrays: a typed array of this length would take longer to make than a search.
  readonly #scores: number[] = [];
  readonly #ids: number[] = [];
  #size = 0;
  /**
   * A hit that scores less cannot enter: the score of the worst hit kept, as soon as there are
   * `capacity` hits.
   */
  minCompetitiveScore = Number.NEGATIVE_INFINITY;

  constructor(capacity: number) {
    this.capacity = capacity;
    if (capacity === 0) this.minCompetitiveScore = Number.POSITIVE_INFINITY;
  }

  /** The ids of all hits kept, in no particular order. */
  ids(): number[] {
    return this.#ids.slice(0, this.#size);
  }

  offer(id: number, score: number): void {
    if (this.#size < this.capacity) {
      this.#size++;
      this.#siftUp(this.#size - 1, id, score);
    } else {
      if (this.capacity === 0 || !this.#isWorse(0, id, score)) return;
      this.#siftDown(id, score);
    }
    if (this.#size < this.capacity) return;
    const worst = this.#scores[0] as number;
    if (DEBUG_ASSERTIONS) {
      assert(worst >= this.minCompetitiveScore, 'the minimal competitive score never falls');
    }
    this.minCompetitiveScore = worst;
  }

  /** Removes all hits but the best `skipped`, and returns them, the best first. */
  take(skipped: number): Hit[] {
    const hits: Hit[] = [];
    while (this.#size > skipped) {
      hits.push({ id: this.#ids[0] as number, score: this.#scores[0] as number });
      this.#size--;
      this.#siftDown(this.#ids[this.#size] as number, this.#scores[this.#size] as number);
    }
    return hits.reverse();
  }

  /** Puts a hit in place `from`, which is free, or above it. */
  #siftUp(from: number, id: number, score: number): void {
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

  /** Puts a hit in the place of the root, or below it. */
  #siftDown(id: number, score: number): void {
    let at = 0;
    for (;;) {
      const child = this.#worseChild(at);
      if (child < 0 || !this.#isWorse(child, id, score)) break;
      this.#move(child, at);
      at = child;
    }
    this.#scores[at] = score;
    this.#ids[at] = id;
  }

  /** The place of the worse of the two hits below a place; -1 when there is none. */
  #worseChild(at: number): number {
    const left = 2 * at + 1;
    const right = left + 1;
    if (left >= this.#size) return -1;
    if (right >= this.#size) return left;
    const isRight = this.#isWorse(right, this.#ids[left] as number, this.#scores[left] as number);
    return isRight ? right : left;
  }

  #move(from: number, to: number): void {
    this.#scores[to] = this.#scores[from] as number;
    this.#ids[to] = this.#ids[from] as number;
  }

  /** Whether the hit in that place is worse than the one given. */
  #isWorse(at: number, id: number, score: number): boolean {
    const own = this.#scores[at] as number;
    return own < score || (own === score && (this.#ids[at] as number) < id);
  }
}
