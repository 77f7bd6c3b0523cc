import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { callService } from './http.client.ts';

let server: Server;
const connections: Socket[] = [];

async function serve(listener: RequestListener): Promise<URL> {
  server = createServer({ keepAliveTimeout: 60_000 }, listener).listen(0, '127.0.0.1');
  server.on('connection', (socket) => connections.push(socket));
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/some?path`);
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
  connections.length = 0;
});

const get = (url: URL, timeoutMs = 5_000) =>
  callService({ method: 'GET', url, headers: {}, timeoutMs });

it('sends what it is told and answers with status and body', async () => {
  const url = await serve(async (request, response) => {
    const chunks = await request.toArray();
    response
      .writeHead(418)
      .end(`${request.method} ${request.url} ${request.headers['x-a']} ${Buffer.concat(chunks)}`);
  });
  const answer = await callService({
    method: 'POST',
    url,
    headers: { 'x-a': 'b' },
    body: 'é',
    timeoutMs: 5_000,
  });
  expect(answer).toEqual({ status: 418, body: 'POST /some?path b é' });
});

it('uses a connection again', async () => {
  const url = await serve((_request, response) => void response.end());
  for (let i = 0; i < 3; i += 1) await get(url);
  expect(connections).toHaveLength(1);
});

it('repeats a read whose kept connection was closed just then, and no write', async () => {
  let answered = 0;
  const url = await serve((request, response) => {
    answered += 1;
    // The second request meets a connection that ends.
    if (answered === 2 || request.method === 'POST') request.socket.resetAndDestroy();
    else response.end('here');
  });
  await get(url);
  expect(await get(url)).toEqual({ status: 200, body: 'here' });
  expect(answered).toBe(3);
  await expect(
    callService({ method: 'POST', url, headers: {}, body: '', timeoutMs: 5_000 }),
  ).rejects.toThrow();
  expect(answered).toBe(4);
});

it.each<[string, RequestListener]>([
  ['says nothing', () => {}],
  [
    'stops in the middle',
    (_request, response) => void response.writeHead(200, { 'content-length': 10 }).write('half'),
  ],
])('gives up a service that %s', async (_name, listener) => {
  const url = await serve(listener);
  await expect(get(url, 100)).rejects.toThrow();
});

it('ends a call that nobody wants any more', async () => {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const leaving = new AbortController();
  const url = await serve((request) => {
    request.socket.once('close', () => close());
    leaving.abort();
  });
  const call = { method: 'GET', url, headers: {}, timeoutMs: 5_000 } as const;
  await expect(callService({ ...call, signal: leaving.signal })).rejects.toThrow();
  await closed;
});

it('fails when a service ends in the middle of its answer, or is not there', async () => {
  const url = await serve((request, response) => {
    response.writeHead(200, { 'content-length': 10 }).write('half', () => request.socket.destroy());
  });
  await expect(get(url)).rejects.toThrow();
  server.close();
  await once(server, 'close');
  await expect(get(url)).rejects.toThrow();
});
