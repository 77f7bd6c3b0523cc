import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseConfig } from '#libs/config/config.ts';
import { UpstreamUnavailable } from '#libs/http/service.client.ts';
import { secret } from '#libs/testing/secrets.ts';
import { QuotesClient } from './quotes.client.ts';

const quote = {
  id: '1763740800000000',
  quote: 'Tonnerre de Brest !',
  author: 'Archibald Haddock',
  source: null,
  lang: 'fr',
  tags: [],
  user_id: null,
  created_at: '2026-11-21T16:00:00.000Z',
  updated_at: '2026-11-21T16:00:00.000Z',
};
const hit = { ...quote, score: 1, highlight: '' };
/** What is wrong with an answer, and what the shop is to ask for. */
type Rubbish = [what: string, listener: RequestListener];

let server: Server;
let client: QuotesClient;
let answer: RequestListener;

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = {
    QUOTES_URL: address,
    SEARCH_URL: address,
    DEMO_MODE: 'True',
    COOKIE_SECRET: secret('cookies-of-the-shops-of-tests'),
    STRIPE_WEBHOOK_SECRET: secret('webhook'),
  };
  client = new QuotesClient(parseConfig('shop', { adminKey: false, payments: true }, env));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const send =
  (body: string, type = 'application/json'): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': type }).end(body);
const sendJson = (body: unknown) => send(JSON.stringify(body));

/** What a server may answer in the place of JSON, whatever it is asked for. */
const NO_JSON: Rubbish[] = [
  ['nothing', send('')],
  ['no JSON', send('{"items":')],
  ['a page with status 200', send('<!doctype html><title>Sign in</title>', 'text/html')],
  ['null', sendJson(null)],
  ['a string', sendJson('ok')],
  ['another object', sendJson({ status: 'ok' })],
  ['an empty object', sendJson({})],
  ['a list', sendJson([quote])],
  [
    'a body that ends too early',
    (_request, response) => {
      const body = JSON.stringify({ items: [], total: 0, next: null });
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.slice(0, 20), () => response.destroy());
    },
  ],
  [
    'a body in pieces of which the last is missing',
    (_request, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      response.write('{"items":[],', () => response.destroy());
    },
  ],
  ['a redirect', (_request, response) => void response.writeHead(302, { location: '/' }).end()],
  ['an error', (_request, response) => void response.writeHead(500).end('{"items":[]}')],
];

describe.each<[string, () => Promise<unknown>, Rubbish[]]>([
  [
    'a page of quotes',
    () => client.list('request'),
    [
      ['items that are no quotes', sendJson({ items: [{ id: 1 }], total: 1, next: null })],
      ['a quote without its text', sendJson({ items: [{ ...quote, quote: undefined }], total: 1 })],
      ['a cursor that is none', sendJson({ items: [quote], total: 1, next: 7 })],
    ],
  ],
  [
    'a search',
    () => client.search('request', 'tonnerre'),
    [
      ['no total', sendJson({ items: [hit] })],
      ['an id that is none', sendJson({ items: [{ ...hit, id: '../1' }], total: 1 })],
    ],
  ],
  [
    'two quotes',
    () => client.find('request', [quote.id, '1']),
    [['a quote alone', sendJson(quote)]],
  ],
  [
    'a quote',
    () => client.find('request', [quote.id]),
    [
      ['a quote without its id', sendJson({ ...quote, id: undefined })],
      ['a text that is a number', sendJson({ ...quote, quote: 7 })],
    ],
  ],
])('asked for %s, an upstream that answers with', (_what, ask, wrongShapes) => {
  it.each([...NO_JSON, ...wrongShapes])('%s is unavailable', async (_name, listener) => {
    answer = listener;
    await expect(ask()).rejects.toThrow(UpstreamUnavailable);
  });
});

it('takes quotes of a service that knows no authors yet', async () => {
  const { id, quote: text, user_id, created_at } = quote;
  const old = { id, quote: text, user_id, created_at };
  const product = { id, quote: text, author: null, source: null, user_id };
  answer = sendJson(old);
  expect(await client.find('request', [id])).toEqual([product]);
  answer = sendJson({ items: [old], total: 1, next: null });
  expect((await client.list('request')).quotes).toEqual([product]);
  answer = sendJson({ items: [{ ...old, score: 1, highlight: '' }], total: 1 });
  expect((await client.search('request', 'tonnerre')).quotes).toEqual([product]);
});
