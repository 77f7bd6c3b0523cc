import { call } from './http-client.ts';
import type { ServiceProcess } from './service-process.ts';

/**
 * Clients that add quotes one after the other, whatever the answer, and remember the acknowledged.
 */
export class QuoteWriters {
  /** Ids of the quotes that were acknowledged, in order. */
  readonly acknowledged: string[] = [];
  /** Every answer other than 201 and 503. */
  readonly unexpected: unknown[] = [];
  /** How many writes were refused with 503. */
  refused = 0;
  /** The longest time without an acknowledgement. */
  gapMs = 0;
  /** The longest time that a client waited for an answer. */
  slowestMs = 0;
  private readonly service: ServiceProcess;
  private readonly key: string;
  private readonly done: Promise<unknown>;
  private isGoing = true;
  private last = performance.now();
  private waiting: { count: number; resolve: () => void }[] = [];

  constructor(service: ServiceProcess, key: string, clients = 8) {
    this.service = service;
    this.key = key;
    this.done = Promise.all(Array.from({ length: clients }, (_, client) => this.write(client)));
  }

  /** Waits until so many more quotes were acknowledged. */
  more(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ count: this.acknowledged.length + count, resolve });
    });
  }

  /** Lets the clients finish their last write. */
  async stop(): Promise<void> {
    this.isGoing = false;
    await this.done;
  }

  /** The acknowledged quotes that the service does not have. */
  async lost(): Promise<string[]> {
    const lost: string[] = [];
    for (const id of this.acknowledged) {
      const { status } = await call(this.service, `GET /quotes/${id}`);
      if (status !== 200) lost.push(`${id}: ${status}`);
    }
    return lost;
  }

  private async write(client: number): Promise<void> {
    for (let i = 0; this.isGoing; i += 1) {
      const start = performance.now();
      const json = { quote: `sabord ${client} ${i}` };
      const answer = await call(this.service, 'POST /quotes', { key: this.key, json }).catch(
        (error: unknown) => error,
      );
      const end = performance.now();
      this.slowestMs = Math.max(this.slowestMs, end - start);
      const { status, body } = answer as { status?: number; body?: { id: string } };
      if (status === 201) {
        this.acknowledged.push(body?.id ?? '');
        this.gapMs = Math.max(this.gapMs, end - this.last);
        this.last = end;
        for (const { count, resolve } of this.waiting)
          if (count === this.acknowledged.length) resolve();
        this.waiting = this.waiting.filter(({ count }) => count > this.acknowledged.length);
      } else if (status === 503) {
        this.refused += 1;
        // Others need the processor to bring Redis back.
        await new Promise((done) => setTimeout(done, 5));
      } else {
        this.unexpected.push(answer);
      }
    }
  }
}
