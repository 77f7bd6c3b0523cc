import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Another service as a test wants it: it answers what the test says, and notes who asks. */
export class StubService {
  /** How it answers; until the test says so, it does not. */
  answer: RequestListener = () => {};
  /** The paths and queries that it was asked for. */
  readonly asked: string[] = [];
  /** How many calls are not answered yet, and whose callers are still there. */
  open = 0;
  private readonly server = createServer((request, response) => {
    this.asked.push(request.url ?? '');
    this.open += 1;
    response.once('close', () => {
      this.open -= 1;
    });
    this.answer(request, response);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

/** Answers with JSON, or with a text as it is. */
export const sendJson =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
