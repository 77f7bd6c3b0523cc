import { Logger } from '@nestjs/common';
import { z } from 'zod';
import { eventually } from '#libs/testing/eventually.ts';
import { StubService, sendJson } from '#libs/testing/stub-service.ts';
import { ServiceClient, UpstreamUnavailable } from './service.client.ts';

const schema = z.object({ items: z.array(z.string()) });
const page = { items: ['a'] };
const request = { id: 'request' };

beforeAll(() => Logger.overrideLogger(false));

let stub: StubService;
let client: ServiceClient;

beforeEach(async () => {
  stub = new StubService();
  await stub.start();
  client = new ServiceClient(stub.url, 300);
});
afterEach(() => stub.stop());

/** The lines that are logged while something is done, without the address. */
async function linesOf(act: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line.replace(/^\S+ /, ''));
  Logger.overrideLogger({ log: note, warn: note, error: note });
  await act();
  Logger.overrideLogger(false);
  return lines;
}

it('reads JSON under the id of the request', async () => {
  stub.answer = (asked, response) =>
    sendJson({ items: [String(asked.headers['x-request-id']), asked.url] })(asked, response);
  expect(await client.get('/some?path', schema, request)).toEqual({
    items: ['request', '/some?path'],
  });
});

it('takes a refusal for what it means', async () => {
  stub.answer = sendJson('', 404);
  const absent = { status: 404, meaning: 'absent' };
  expect(await client.get('/', schema, request, absent)).toBe('absent');
  await expect(client.get('/', schema, request)).rejects.toThrow(UpstreamUnavailable);
});

it('logs what is wrong with a service once, and that it answers again', async () => {
  const get = () => client.get('/', schema, request).catch(() => {});
  const lines = await linesOf(async () => {
    stub.answer = sendJson('<!doctype html>');
    await get();
    await get();
    stub.answer = sendJson({ items: [1] });
    await get();
    stub.answer = (asked) => void asked.socket.destroy();
    await get();
    stub.answer = () => {};
    await get();
    stub.answer = sendJson(page);
    await get();
    await get();
  });
  expect(lines).toEqual([
    'does not answer as it should: its answer is no JSON',
    'does not answer as it should: its answer has another shape',
    'does not answer as it should: socket hang up',
    'does not answer as it should: no answer in time',
    'answers again',
  ]);
});

it('says why a service at a name with several addresses cannot be reached', async () => {
  const nowhere = new ServiceClient('http://localhost:9', 1_000);
  const lines = await linesOf(() => nowhere.get('/', schema, request).catch(() => {}));
  expect(lines).toEqual([expect.stringContaining('ECONNREFUSED')]);
});

it('ends a call when the client has gone, and blames nobody', async () => {
  const leaving = new AbortController();
  const lines = await linesOf(async () => {
    const call = client.get('/', schema, { ...request, signal: leaving.signal });
    await eventually(() => stub.open === 1);
    leaving.abort();
    await expect(call).rejects.toMatchObject({ problem: 'request-timeout' });
    await eventually(() => stub.open === 0);
  });
  expect(lines).toEqual([]);
});
