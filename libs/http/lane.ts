import { ProblemError } from '#libs/problem/problem.ts';

/** Lets only so much dear work be under way at a time: the rest waits in the order in which it came, and beyond that is told to come back. */
export class Lane {
  private running = 0;
  /** Lets each of those that wait begin, in the order in which they came. */
  private readonly waiting = new Set<() => void>();

  /**
   * @param places how much may be under way
   * @param queue how much may wait
   */
  constructor(
    private readonly places: number,
    private readonly queue: number,
  ) {}

  /**
   * Does the work when its turn comes.
   * @param signal aborted when nobody wants the work any more: if it waits then, it is never done
   * @throws ProblemError busy when too much is waiting already, or the work is not wanted any more
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.running < this.places) this.running += 1;
    else if (this.waiting.size < this.queue) await this.turn(signal);
    else throw new ProblemError('busy');
    try {
      return await work();
    } finally {
      // The place goes to the next, or becomes free.
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
