import { setTimeout as delay } from 'node:timers/promises';

/**
 * Tries until an attempt neither throws nor answers `false`, for things that announce themselves in no other way than by being asked.
 * @param deadline milliseconds after which the last failure is thrown
 * @param pause milliseconds between two attempts
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  deadline = 10_000,
  pause = 15,
): Promise<Exclude<T, false>> {
  const end = Date.now() + deadline;
  for (;;) {
    let failure: unknown = new Error(`still false: ${attempt}`);
    try {
      const answer = await attempt();
      if (answer !== false) return answer as Exclude<T, false>;
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= end) throw failure;
    await delay(pause);
  }
}
