import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A small load balancer: sends requests in turns, over kept connections, to the replicas whose
 * `/readyz` was fine when it last asked. It retries nothing: a request that a replica fails is
 * failed.
 */
export class Balancer {
  url = '';
  /** What went wrong, one line per request. */
  readonly failures: string[] = [];
  private readonly server: Server = createServer((incoming, outgoing) =>
    this.forward(incoming, outgoing),
  );
  private readonly agent = new Agent({ keepAlive: true });
  private readonly polling: NodeJS.Timeout;
  private readonly ports: readonly number[];
  private ready: number[] = [];
  private turn = 0;

  /** @param ports of the replicas on 127.0.0.1 */
  constructor(ports: readonly number[]) {
    this.ports = ports;
    this.polling = setInterval(() => void this.poll(), 100);
  }

  /** Starts to listen, with at least one replica ready. */
  async start(): Promise<void> {
    await this.poll();
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    clearInterval(this.polling);
    this.agent.destroy();
    this.server.close();
    this.server.closeAllConnections();
  }

  private async poll(): Promise<void> {
    const up = await Promise.all(
      this.ports.map((port) =>
        fetch(`http://127.0.0.1:${port}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      ),
    );
    this.ready = this.ports.filter((_, i) => up[i]);
  }

  private forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url: path, headers } = incoming;
    this.turn += 1;
    const port = this.ready[this.turn % this.ready.length];
    const fail = (reason: string) => {
      this.failures.push(`${method} ${path} at ${port}: ${reason}`);
      outgoing.writeHead(502).end();
    };
    if (port === undefined) {
      fail('no replica is ready');
      return;
    }
    const onward = request(
      { host: '127.0.0.1', port, method, path, headers, agent: this.agent },
      (answer) => {
        if ((answer.statusCode ?? 500) >= 500)
          this.failures.push(`${method} ${path} at ${port}: ${answer.statusCode}`);
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', (error) => fail(error.message));
    incoming.pipe(onward);
  }
}
