import { connect, type Socket } from 'node:net';
import type { ServiceProcess } from './service-process.ts';

/** Opens a connection to a service, over which a test sends what it likes; an error closes it. */
export async function open({ port }: ServiceProcess): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await new Promise<void>((done) => socket.once('connect', done).once('close', () => done()));
  return socket;
}

/** The bytes of a GET request that keeps its connection. */
export function get(path: string, fields = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
}

/**
 * Sends the same request many times over one connection, without waiting for an answer.
 * @returns how many answers of each status came, until there was one for each request or the
 *   service closed the connection
 */
export async function pipeline(
  service: ServiceProcess,
  request: string,
  count: number,
): Promise<Map<number, number>> {
  const socket = await open(service);
  const statuses = new Map<number, number>();
  let answers = 0;
  let tail = '';
  const ended = new Promise<void>((done) => {
    socket.on('data', (chunk) => {
      const text = tail + chunk.toString('latin1');
      for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        statuses.set(Number(status), (statuses.get(Number(status)) ?? 0) + 1);
        answers += 1;
      }
      // A status line that is cut in two shows in the next chunk; a whole one must not show again.
      tail = text.slice(-12).replace(/HTTP\/1\.1 \d{3}$/, '');
      if (answers >= count) done();
    });
    socket.once('close', () => done());
  });
  socket.write(request.repeat(count));
  await ended;
  socket.destroy();
  return statuses;
}
