import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ServiceProcess } from './service-process.ts';

/**
 * Asks for `/healthz` again and again while something else goes on. It does so in a thread of its
 * own, since this one may be busy with what goes on.
 */
export class Bystander {
  /** The longest that an answer took; known once it has stopped. */
  slowestMs = Number.NaN;
  /** How many answers came; known once it has stopped. */
  answers = Number.NaN;
  readonly #worker: Worker;
  readonly #result: Promise<unknown[]>;

  constructor({ url }: ServiceProcess) {
    this.#worker = new Worker(new URL('./bystander.worker.ts', import.meta.url), {
      workerData: `${url}/healthz`,
    });
    this.#result = once(this.#worker, 'message');
    // It is awaited in stop().
    this.#result.catch(() => {});
  }

  /** @throws Error when one request was not answered with 200 */
  async stop(): Promise<void> {
    this.#worker.postMessage('stop');
    const [result] = await this.#result;
    Object.assign(this, result);
  }
}
