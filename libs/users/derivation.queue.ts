import { ProblemError } from '#libs/problem/problem.ts';

/** How urgent a derivation is, most urgent first; the caller decides what each priority means. */
export const PRIORITIES = [0, 1, 2, 3] as const;
export type Priority = (typeof PRIORITIES)[number];

/** The task that runs is included. */
const MAX_TASKS = 32;
/** A client that is kept longer has given up. */
const MAX_WAIT_MS = 10_000;

interface Entry {
  start(): void;
  refuse(): void;
}

/**
 * Runs one task at a time, since a derivation needs 19 MiB of a small container and all the CPU
 * that it can get. Among tasks of one priority clients take turns, however much each of them asks
 * for. When there is no room left, the client with the most tasks of the lowest priority loses its
 * newest.
 */
export class DerivationQueue {
  /** Of each priority, what waits, by client; the client whose turn is next comes first. */
  private readonly levels = PRIORITIES.map(() => new Map<string, Entry[]>());
  private waiting = 0;
  private running = false;

  /**
   * Runs a task when its turn comes.
   * @param client the name by which clients are told apart
   * @throws ProblemError busy when there is no room, or no turn in time
   */
  async run<T>(priority: Priority, client: string, task: () => Promise<T>): Promise<T> {
    if (this.running) await this.turn(priority, client);
    this.running = true;
    try {
      return await task();
    } finally {
      this.running = false;
      this.next();
    }
  }

  private turn(priority: Priority, client: string): Promise<void> {
    return new Promise((start, fail) => {
      const timer = setTimeout(() => this.drop(priority, client, entry), MAX_WAIT_MS);
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
      const level = this.levels[priority] as Map<string, Entry[]>;
      const ofClient = level.get(client);
      if (ofClient) ofClient.push(entry);
      else level.set(client, [entry]);
      this.waiting += 1;
      if (this.waiting >= MAX_TASKS) this.evict();
    });
  }

  private next(): void {
    for (const level of this.levels) {
      const [first] = level;
      if (!first) continue;
      const [client, [entry, ...others]] = first;
      level.delete(client);
      if (others.length > 0) level.set(client, others);
      this.waiting -= 1;
      // The flag is set before the waiting task goes on, so that no other slips in between.
      this.running = true;
      entry?.start();
      return;
    }
  }

  private evict(): void {
    const lowest = this.levels.findLastIndex((level) => level.size > 0) as Priority;
    let greediest: [string, Entry[]] | undefined;
    for (const one of this.levels[lowest] ?? []) {
      if (!greediest || one[1].length >= greediest[1].length) greediest = one;
    }
    const newest = greediest?.[1].at(-1);
    if (greediest && newest) this.drop(lowest, greediest[0], newest);
  }

  private drop(priority: Priority, client: string, entry: Entry): void {
    const level = this.levels[priority];
    const left = level?.get(client)?.filter((other) => other !== entry) ?? [];
    if (left.length > 0) level?.set(client, left);
    else level?.delete(client);
    this.waiting -= 1;
    entry.refuse();
  }
}
