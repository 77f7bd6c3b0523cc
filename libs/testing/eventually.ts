import { setTimeout as delay } from 'node:timers/promises';

/**
 * Repeats an attempt until it neither throws nor answers `false`, for things that announce
 * themselves in no other way.
 * @param deadlineMs time after which the last failure is thrown
 * @param pauseMs time between two attempts
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  deadlineMs = 10_000,
  pauseMs = 15,
): Promise<Exclude<T, false>> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    let failure: unknown = new Error(`still false: ${attempt}`);
    try {
      const answer = await attempt();
      if (answer !== false) return answer as Exclude<T, false>;
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= end) throw failure;
    await delay(pauseMs);
  }
}
