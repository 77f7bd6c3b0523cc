import { ProblemError } from './problem.ts';

/** Lets only so much dear work be under way at a time: the rest waits in the order in which it came, and beyond that is told to come back. */
export class Lane {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

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
   * @throws ProblemError busy when too much is waiting already
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.places) this.running += 1;
    else if (this.waiting.length < this.queue) await new Promise<void>((turn) => this.waiting.push(turn));
    else throw new ProblemError('busy');
    try {
      return await work();
    } finally {
      // The place goes to the next, or becomes free.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
