import { ProblemError } from '#libs/problem/problem.ts';

/**
 * Limits how much costly work is in progress. Further work waits in the order of its arrival, and
 * is refused when too much waits already.
 */
export class ConcurrencyLimiter {
  private running = 0;
  /** Each entry lets one piece of waiting work begin, in the order of arrival. */
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  /**
   * Does the work when its turn comes.
   * @param signal aborted when nobody wants the work any more: work that waits then is never done
   * @throws ProblemError busy when too much waits already, or the work is not wanted any more
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.running < this.maxRunning) this.running += 1;
    else if (this.waiting.size < this.maxWaiting) await this.turn(signal);
    else throw new ProblemError('busy');
    try {
      return await work();
    } finally {
      // The next piece of work takes over the place, so that the count stays.
      const [next] = this.waiting;
      if (next) next();
      else this.running -= 1;
    }
  }

  private turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.waiting.delete(begin);
        reject(new ProblemError('busy'));
      };
      const begin = () => {
        this.waiting.delete(begin);
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      this.waiting.add(begin);
      signal?.addEventListener('abort', leave);
      if (signal?.aborted) leave();
    });
  }
}
