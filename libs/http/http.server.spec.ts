import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { HttpServer } from './http.server.ts';

const http = new HttpServer();
/** The application answers the first request when it is told to, and all others at once. */
let first: ServerResponse | undefined;
const server = http.create((_request, response) => {
  if (first) response.end();
  else first = response;
});
server.on('clientError', (error, socket) => http.refuseMalformed(error, socket as Socket));

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => server.close());

it('blames no client for the part of a request that the server itself did not read', async () => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const answers = text(socket);
  // The connection is not read until the first request is answered, which takes too long.
  socket.write(
    'GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1',
  );
  await once(server, 'clientError');
  socket.write('\r\nHost: x\r\nConnection: close\r\n\r\n');
  first?.end();
  const statuses = [...(await answers).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  expect(statuses).toEqual(['200', '200', '200']);
});
