/**
 * A bounded queue that is fair to clients: each has a line of its own, and the lines take turns.
 * When it is full, the last item of the longest line is removed, so that no client can keep others
 * out.
 */
export class FairQueue<T> {
  readonly #limit: number;
  /** Lines that are not empty; the first one is the next to be served. */
  readonly #lines = new Map<string, T[]>();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Adds an item to the end of its client's line. Returns the item that is removed for it, which
   * may be the item itself.
   */
  push(client: string, item: T): T | undefined {
    const line = this.#lines.get(client) ?? [];
    let leaving: T | undefined;
    if (this.#size >= this.#limit) {
      const [longest, items] = [...this.#lines].reduce((a, b) =>
        b[1].length > a[1].length ? b : a,
      );
      if (items.length <= line.length + 1) return item;
      leaving = items.at(-1);
      if (leaving !== undefined) this.remove(longest, leaving);
    }
    line.push(item);
    this.#lines.set(client, line);
    this.#size++;
    return leaving;
  }

  /** Takes the item whose turn it is. */
  shift(): T | undefined {
    const [next] = this.#lines;
    if (next === undefined) return undefined;
    const [client, line] = next;
    const item = line.shift();
    this.#lines.delete(client);
    if (line.length > 0) this.#lines.set(client, line);
    this.#size--;
    return item;
  }

  /** Takes an item out, if it is still there. */
  remove(client: string, item: T): void {
    const line = this.#lines.get(client) ?? [];
    const at = line.indexOf(item);
    if (at < 0) return;
    line.splice(at, 1);
    if (line.length === 0) this.#lines.delete(client);
    this.#size--;
  }
}
