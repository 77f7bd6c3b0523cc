import type { Hit } from './search.engine.ts';

/** The best `capacity` hits of those offered: a binary heap with the worst kept hit at its root. */
export class TopHits {
  readonly #capacity: number;
  readonly #hits: Hit[] = [];
  /** Score of the worst hit kept, once full: whatever scores less cannot enter. */
  worst = Number.NEGATIVE_INFINITY;

  constructor(capacity: number) {
    this.#capacity = capacity;
    if (capacity === 0) this.worst = Number.POSITIVE_INFINITY;
  }

  offer(id: number, score: number): void {
    const hits = this.#hits;
    if (hits.length < this.#capacity) {
      hits.push({ id, score });
      this.#up(hits.length - 1);
    } else {
      const worst = hits[0];
      if (worst === undefined || !isBetter({ id, score }, worst)) return;
      hits[0] = { id, score };
      this.#down();
    }
    if (hits.length === this.#capacity) this.worst = hits[0]?.score ?? this.worst;
  }

  /** Best first. */
  sorted(): Hit[] {
    return [...this.#hits].sort((a, b) => b.score - a.score || b.id - a.id);
  }

  #up(from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >>> 1;
      if (!this.#swapIfWorse(child, parent)) return;
      child = parent;
    }
  }

  #down(): void {
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      const [l, r] = [this.#hits[left], this.#hits[left + 1]];
      if (l === undefined) return;
      const child = r !== undefined && isBetter(l, r) ? left + 1 : left;
      if (!this.#swapIfWorse(child, parent)) return;
      parent = child;
    }
  }

  #swapIfWorse(child: number, parent: number): boolean {
    const [c, p] = [this.#hits[child], this.#hits[parent]];
    if (c === undefined || p === undefined || !isBetter(p, c)) return false;
    this.#hits[child] = p;
    this.#hits[parent] = c;
    return true;
  }
}

function isBetter(a: Hit, b: Hit): boolean {
  return a.score > b.score || (a.score === b.score && a.id > b.id);
}
