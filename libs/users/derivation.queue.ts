import { ProblemError } from '#libs/problem/problem.ts';

/** How urgent a derivation is, most urgent first; what the lanes mean is said where logins are judged. */
export const LANES = [0, 1, 2, 3] as const;
export type Lane = (typeof LANES)[number];

/** How many may be in hand, the one that runs included. */
const CAPACITY = 32;
/** Longest wait, in milliseconds: a client that is kept longer has given up. */
const LONGEST_WAIT = 10_000;

interface Entry {
  start(): void;
  refuse(): void;
}

/**
 * Runs one task at a time, since a derivation needs 19 MiB of a small container and all the CPU that it can get. Lanes go before one another, and in a lane
 * clients take turns, however much each of them asks for. When there is no room left, the greediest client of the worst lane loses its newest task.
 */
export class DerivationQueue {
  /** Of each lane, what waits, by client; the client whose turn is next comes first. */
  private readonly lanes = LANES.map(() => new Map<string, Entry[]>());
  private waiting = 0;
  private running = false;

  /**
   * Runs a task when its turn comes.
   * @param client who asks, as clients are told apart
   * @throws ProblemError busy when there is no room, or no turn in time
   */
  async run<T>(lane: Lane, client: string, task: () => Promise<T>): Promise<T> {
    if (this.running) await this.turn(lane, client);
    this.running = true;
    try {
      return await task();
    } finally {
      this.running = false;
      this.next();
    }
  }

  private turn(lane: Lane, client: string): Promise<void> {
    return new Promise((start, fail) => {
      const timer = setTimeout(() => this.drop(lane, client, entry), LONGEST_WAIT);
      const entry: Entry = {
        start: () => {
          clearTimeout(timer);
          start();
        },
        refuse: () => {
          clearTimeout(timer);
          fail(new ProblemError('busy'));
        },
      };
      const ofLane = this.lanes[lane] as Map<string, Entry[]>;
      const ofClient = ofLane.get(client);
      if (ofClient) ofClient.push(entry);
      else ofLane.set(client, [entry]);
      this.waiting += 1;
      if (this.waiting >= CAPACITY) this.evict();
    });
  }

  private next(): void {
    for (const lane of this.lanes) {
      const [first] = lane;
      if (!first) continue;
      const [client, [entry, ...others]] = first;
      lane.delete(client);
      if (others.length > 0) lane.set(client, others);
      this.waiting -= 1;
      // Taken before the waiting one goes on, so that nobody slips in between.
      this.running = true;
      entry?.start();
      return;
    }
  }

  private evict(): void {
    const worst = this.lanes.findLastIndex((lane) => lane.size > 0) as Lane;
    let greediest: [string, Entry[]] | undefined;
    for (const one of this.lanes[worst] ?? []) {
      if (!greediest || one[1].length >= greediest[1].length) greediest = one;
    }
    const newest = greediest?.[1].at(-1);
    if (greediest && newest) this.drop(worst, greediest[0], newest);
  }

  private drop(lane: Lane, client: string, entry: Entry): void {
    const left = this.lanes[lane]?.get(client)?.filter((other) => other !== entry) ?? [];
    if (left.length > 0) this.lanes[lane]?.set(client, left);
    else this.lanes[lane]?.delete(client);
    this.waiting -= 1;
    entry.refuse();
  }
}
