import type { ServerResponse } from 'node:http';

/** How long requests are held back while connections come in, in milliseconds. */
export const MAX_HELD_MS = 2_000;

interface HeldRequest {
  begin: () => void;
  since: number;
}

/**
 * Begins no request while connections come in. Node accepts one connection in a turn of its event
 * loop: when a thousand come at once, the last one waits for a thousand turns, and so does a probe.
 * If no other work is done meanwhile, these turns are short. Then what was held back begins one by
 * one, a request in a turn, so that a probe that comes meanwhile waits for little. Neither
 * connections without end nor any other pattern of them holds a request for longer than
 * MAX_HELD_MS, but for those before it.
 */
export class RequestPacer {
  readonly #held = new Set<HeldRequest>();
  #hasConnection = false;
  #isScheduled = false;
  /** Since when a connection has come in each turn. */
  #streakSince = 0;

  /** Notes that a connection was accepted in this turn: more may wait. */
  noteConnection(): void {
    if (!this.#isScheduled) this.#streakSince = performance.now();
    this.#hasConnection = true;
    this.#schedule();
  }

  /** Begins a request now, or when its turn has come; never when its client goes before. */
  begin(response: ServerResponse, begin: () => void): void {
    if (!this.#hasConnection && this.#held.size === 0) {
      begin();
      return;
    }
    const request = { begin, since: performance.now() };
    this.#held.add(request);
    response.once('close', () => this.#held.delete(request));
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#endTurn());
  }

  #endTurn(): void {
    this.#isScheduled = false;
    const [oldest] = this.#held;
    const next = this.#isHolding(oldest) ? undefined : oldest;
    if (next) this.#held.delete(next);
    // The turn after one with a connection shows whether the streak goes on.
    if (this.#hasConnection || this.#held.size > 0) this.#schedule();
    if (!this.#hasConnection) this.#streakSince = performance.now();
    this.#hasConnection = false;
    next?.begin();
  }

  #isHolding(oldest: HeldRequest | undefined): boolean {
    if (!this.#hasConnection) return false;
    const since = Math.min(this.#streakSince, oldest?.since ?? this.#streakSince);
    return performance.now() - since < MAX_HELD_MS;
  }
}
