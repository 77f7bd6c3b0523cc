import type { RequestListener } from 'node:http';
import { Logger } from '@nestjs/common';
import { parseConfig } from '#libs/config/config.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { StubService, sendJson } from '#libs/testing/stub-service.ts';
import { SelectionClient } from './selection.client.ts';

/** A refusal must come within this time. */
const MAX_REFUSAL_MS = 1_100;

const selection = { ids: ['1763740800000000', '1'], total: 3, next: '1' };

beforeAll(() => Logger.overrideLogger(false));

let search: StubService;
let client: SelectionClient;

beforeEach(async () => {
  search = new StubService();
  await search.start();
  client = new SelectionClient(
    parseConfig('quotes', { adminKey: false }, { SEARCH_URL: search.url }),
  );
});
afterEach(() => search.stop());

/** The request of a client that stays. */
const request = () => ({ id: 'request', signal: new AbortController().signal });
const sample = (from = request()) =>
  client.sample({ n: 3, min_length: 1, max_length: 2000, lang: 'fr' }, from);

it('asks which quotes match, with what was given', async () => {
  search.answer = sendJson(selection);
  const filters = { author: 'Céline & Co', tag: 'été + mer', lang: 'fr' };
  const page = { ...filters, user_id: undefined, limit: 20, cursor: '2' };
  expect(await client.page(page, request())).toEqual(selection);
  await sample();
  await client.today({ tag: undefined, lang: 'fr', day: '2026-11-27', before: '5' }, request());
  expect(search.asked).toEqual([
    '/selection?author=C%C3%A9line+%26+Co&tag=%C3%A9t%C3%A9+%2B+mer&lang=fr&limit=20&cursor=2',
    '/selection/sample?n=3&min_length=1&max_length=2000&lang=fr',
    '/selection/today?lang=fr&day=2026-11-27&before=5',
  ]);
});

it.each<[string, RequestListener]>([
  ['hangs', () => {}],
  ['ends calls', (asked) => void asked.socket.destroy()],
  ['loads its index', sendJson({ status: 503 }, 503)],
  ['is of a version before', sendJson({ status: 404 }, 404)],
  ['counts this service as one client', sendJson({ status: 429 }, 429)],
  ['answers with no JSON', sendJson('<!doctype html>')],
  ['names what is no id', sendJson({ ...selection, ids: ['../1'] })],
  ['leaves something out', sendJson({ ids: [] })],
])('refuses at once when the search service %s', async (_name, answer) => {
  search.answer = answer;
  const since = performance.now();
  await expect(sample()).rejects.toMatchObject({ problem: 'search-unavailable' });
  expect(performance.now() - since).toBeLessThan(MAX_REFUSAL_MS);
});

it('refuses at once when there is no search service', async () => {
  const SEARCH_URL = 'http://127.0.0.1:9';
  client = new SelectionClient(parseConfig('quotes', { adminKey: false }, { SEARCH_URL }));
  await expect(sample()).rejects.toMatchObject({ problem: 'search-unavailable' });
});

it('asks 16 times at once, and refuses in time whoever waits for one that hangs', async () => {
  let most = 0;
  search.answer = () => {
    most = Math.max(most, search.open);
  };
  const since = performance.now();
  const refused = await Promise.all(
    Array.from({ length: 1_500 }, () => sample().catch(({ problem }) => problem)),
  );
  expect(performance.now() - since).toBeLessThan(2 * MAX_REFUSAL_MS);
  expect(most).toBe(16);
  expect(new Set(refused)).toEqual(new Set(['search-unavailable', 'busy']));
});

it('ends the call of a client that has gone, and never asks for one that waited', async () => {
  const leaving = new AbortController();
  const calls = Array.from({ length: 20 }, () => sample({ id: 'x', signal: leaving.signal }));
  const outcomes = Promise.allSettled(calls);
  await eventually(() => search.open === 16);
  leaving.abort();
  expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true);
  await eventually(() => search.open === 0);
  expect(search.asked).toHaveLength(16);

  search.answer = sendJson(selection);
  expect(await sample()).toEqual(selection);
});
