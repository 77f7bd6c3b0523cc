import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parseConfig } from '#libs/config/config.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { Platform } from '#libs/testing/platform.ts';
import { connectRedis, type RedisClient } from './redis.connection.ts';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());

/** Blocks this process, as a CPU quota or a busy machine does. */
const pause = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

let client: RedisClient;
afterEach(() => client.disconnect());

describe('a connection to Redis', () => {
  it('survives a pause of this process while it waits for an answer', async () => {
    client = connectRedis(parseConfig('test', { adminKey: false }, platform.redisEnv('quotes')));
    let closed = 0;
    client.on('close', () => (closed += 1)).on('error', () => {});
    await eventually(() => client.status === 'ready');
    const answer = client.ping();
    // The command leaves in the next turn of the event loop; the pause comes in the turn after it.
    await new Promise(setImmediate);
    pause(1500);
    await expect(answer).resolves.toBe('PONG');
    expect(closed).toBe(0);
  });

  it('is given up when nothing comes although a command waits', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((done) => silent.once('listening', done));
    const { port } = silent.address() as AddressInfo;
    const env = {
      ...platform.redisEnv('quotes'),
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(port),
      REDIS_CLUSTER: '',
    };
    client = connectRedis(parseConfig('test', { adminKey: false }, env));
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    await eventually(() => errors.some(({ message }) => message === 'No answer within 600 ms'));
    silent.close();
    for (const socket of sockets) socket.destroy();
  });
});
