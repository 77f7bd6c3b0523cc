import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const PERIOD_US = 100_000;

/**
 * Limits a process to a share of the processor, as a container does, by a control group of version
 * 1. It needs root.
 */
export class ProcessorLimit {
  private readonly folder: string;

  /** @param processors how many the process may use, with priority over all others */
  constructor(pid: number, processors: number) {
    this.folder = `/sys/fs/cgroup/cpu/bench-${pid}`;
    mkdirSync(this.folder);
    this.set('cpu.cfs_period_us', PERIOD_US);
    this.set('cpu.cfs_quota_us', processors * PERIOD_US);
    this.set('cpu.shares', 100_000);
    this.set('cgroup.procs', pid);
  }

  /** Removes the group once the process has ended. */
  async end(): Promise<void> {
    for (let tries = 0; existsSync(this.folder) && tries < 50; tries++) {
      await delay(100);
      try {
        rmdirSync(this.folder);
      } catch {
        // The process of the group is still ending.
      }
    }
  }

  private set(file: string, value: number): void {
    writeFileSync(`${this.folder}/${file}`, String(value));
  }
}
