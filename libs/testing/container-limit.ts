import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const PERIOD_US = 100_000;

/** Gives a process what a container has, by control groups of version 1. Wants root. */
export class ContainerLimit {
  private readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /**
   * Limits a process.
   * @param processors how many it may use, before all others
   * @param mebibytes of memory, beyond which it is killed
   */
  static on(pid: number, processors: number, mebibytes?: number): ContainerLimit {
    const limit = new ContainerLimit(`bench-${pid}`);
    limit.set('cpu', {
      'cpu.cfs_period_us': PERIOD_US,
      'cpu.cfs_quota_us': processors * PERIOD_US,
      'cpu.shares': 100_000,
      'cgroup.procs': pid,
    });
    if (mebibytes !== undefined)
      limit.set('memory', { 'memory.limit_in_bytes': mebibytes * 2 ** 20, 'cgroup.procs': pid });
    return limit;
  }

  /** The most memory that counted against the limit, in MiB. */
  peak(): number {
    return Number(readFileSync(`${this.folder('memory')}/memory.max_usage_in_bytes`, 'utf8')) / 2 ** 20;
  }

  /** Removes the groups once the process has ended. */
  async end(): Promise<void> {
    for (const folder of [this.folder('cpu'), this.folder('memory')]) {
      for (let tries = 0; existsSync(folder) && tries < 50; tries++) {
        await delay(100);
        try {
          rmdirSync(folder);
        } catch {
          // Its process is still ending.
        }
      }
    }
  }

  private set(controller: string, settings: Record<string, number>): void {
    const folder = this.folder(controller);
    mkdirSync(folder);
    for (const [file, value] of Object.entries(settings)) writeFileSync(`${folder}/${file}`, String(value));
  }

  private folder(controller: string): string {
    return `/sys/fs/cgroup/${controller}/${this.name}`;
  }
}
