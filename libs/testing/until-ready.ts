import type { ChildProcess } from 'node:child_process';
import { eventually } from './eventually.ts';

/** Whether a process has ended, of itself or by a signal. */
export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/**
 * Waits until a service takes requests, as its `/readyz` says.
 * @param child the process of the service
 * @param url of the service, without a slash at the end
 * @param deadlineMs how long it may take
 * @throws Error when it has ended, or is not ready in time
 */
export async function untilReady(
  child: ChildProcess,
  url: string,
  deadlineMs = 90_000,
): Promise<void> {
  await eventually(async () => hasEnded(child) || (await fetch(`${url}/readyz`)).ok, deadlineMs);
  if (hasEnded(child)) throw new Error(`the service at ${url} has ended`);
}
