/** How long requests are held back while connections come in, in milliseconds. */
export const MAX_HELD_MS = 2_000;

/**
 * Begins no request while connections come in. Node accepts one connection in a turn of its event
 * loop: when a thousand come at once, the last one waits for a thousand turns, and so does a probe.
 * If no other work is done meanwhile, these turns are short. What was held back begins one by one,
 * a request in a turn. When no connection comes, a request begins at once.
 */
export class RequestPacer {
  #hasConnection = false;
  readonly #held: (() => void)[] = [];
  #heldSince = 0;

  /** A connection was accepted in this turn: more may wait. */
  noteConnection(): void {
    if (!this.#isBusy()) setImmediate(() => this.#endTurn());
    this.#hasConnection = true;
  }

  /** Begins the work now, or when its turn has come. */
  begin(work: () => void): void {
    if (!this.#isBusy()) {
      work();
      return;
    }
    if (this.#held.length === 0) this.#heldSince = performance.now();
    this.#held.push(work);
  }

  /** Whether #endTurn() will be called. */
  #isBusy(): boolean {
    return this.#hasConnection || this.#held.length > 0;
  }

  #endTurn(): void {
    // Whoever opens connections without end must not stop everything.
    const isWaiting = this.#hasConnection && performance.now() - this.#heldSince < MAX_HELD_MS;
    this.#hasConnection = false;
    const work = isWaiting ? undefined : this.#held.shift();
    if (this.#held.length > 0) setImmediate(() => this.#endTurn());
    work?.();
  }
}
