import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * Asks for the URL that it is given until it is told to stop, then tells the longest wait and how
 * many answers came.
 */
let isGoing = true;
parentPort?.once('message', () => {
  isGoing = false;
});
let slowestMs = 0;
let answers = 0;
while (isGoing) {
  const start = performance.now();
  // A connection of its own, as a probe has.
  const { status } = await fetch(workerData, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(20_000),
  });
  if (status !== 200) throw new Error(`${workerData} answered ${status}`);
  slowestMs = Math.max(slowestMs, performance.now() - start);
  answers += 1;
  await delay(20);
}
parentPort?.postMessage({ slowestMs, answers });
parentPort?.close();
