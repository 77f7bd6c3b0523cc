import type { Browser, Page } from 'playwright-core';
import { problemType } from '#libs/problem/problem.catalogue.ts';
import {
  launchChromium,
  type OtherOrigin,
  SCREENSHOTS,
  serveOtherOrigin,
} from '#libs/testing/chromium.ts';
import { basic, call, metric, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

/** A page whose script calls a service, and shows what it was allowed to read: a line each. */
const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Elsewhere</title>
<style>
  body { font: 16px/1.5 sans-serif; margin: 2em; }
  table { border-collapse: collapse; font: 13px/1.4 monospace; }
  td, th { border: 1px solid #999; padding: 2px 8px; text-align: left; vertical-align: top; }
</style></head><body>
<h1></h1>
<table><tr><th>call</th><th>status</th><th>what the script reads</th></tr></table>
<script>
  document.querySelector('h1').innerText = 'A page of ' + location.origin;
  async function ask(url, path, init) {
    const seen = await fetch(url + path, init).then(
      async (answer) => ({
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        text: await answer.text(),
      }),
      () => null,
    );
    const headers = Object.entries(seen?.headers ?? {}).map(([name, value]) => name + ': ' + value);
    const cells = [
      (init.method ?? 'GET') + ' ' + path.slice(0, 40),
      seen?.status ?? 'kept from the page',
      [...headers, seen?.text.slice(0, 90)].join('\\n'),
    ];
    const row = document.querySelector('table').insertRow();
    for (const text of cells) row.insertCell().innerText = text;
    return seen;
  }
</script></body></html>`;

/** How the script of the page calls. */
type Call = Pick<RequestInit, 'method' | 'cache' | 'credentials'> & {
  headers?: Record<string, string>;
  body?: string;
};

/** What the script of the page could read of an answer. */
interface Seen {
  status: number;
  headers: Record<string, string>;
  text: string;
}

const platform = new Platform();
let quotes: ServiceProcess;
/** It admits two requests a minute. */
let limited: ServiceProcess;
let other: OtherOrigin;
let browser: Browser;
let page: Page;
let id = '';

beforeAll(async () => {
  browser = await launchChromium();
  await platform.start();
  const users = await platform.service('users');
  quotes = await platform.service('quotes', { THROTTLE_LIMIT: '100' });
  limited = await platform.service('quotes', { THROTTLE_LIMIT: '2' });
  const tintin = { id: 'tintin', name: 'Tintin', password: secret('tintin') };
  succeeded(await call(users, 'POST /users', { key: ADMIN_KEY, json: tintin }));
  const json = { quote: 'Tonnerre de Brest !' };
  id = succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json })).body.id;
  other = await serveOtherOrigin(() => PAGE);
  page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.goto(`http://localhost:${other.port}`);
}, 120_000);
afterAll(async () => {
  await page?.screenshot({ path: `${SCREENSHOTS}/cors.png`, fullPage: true });
  await browser?.close();
  other?.close();
  await platform.stop();
});
beforeEach(async () => {
  await platform.redis.del('throttle:127.0.0.1');
});

/** Lets the script of the page call a service. */
function ask(service: ServiceProcess, path: string, init: Call = {}): Promise<Seen | null> {
  const [url, to, how] = [service.url, path, init].map((value) => JSON.stringify(value));
  return page.evaluate(`ask(${url}, ${to}, ${how})`);
}

it('reads a quote, its tag and what is left of its limit', async () => {
  const seen = await ask(quotes, `/quotes/${id}`);
  expect(seen?.status).toBe(200);
  expect(JSON.parse(seen?.text ?? '')).toMatchObject({ id, quote: 'Tonnerre de Brest !' });
  expect(seen?.headers).toMatchObject({
    etag: expect.stringMatching(/^"[\w-]{16}"$/),
    'cache-control': 'public, no-cache',
    'ratelimit-limit': '100',
    'ratelimit-remaining': '99',
    'ratelimit-policy': '100;w=60',
    'x-request-id': expect.any(String),
  });
});

it('is not sent again what it holds, by its own tag or by the cache of the browser', async () => {
  const labels = 'service="quotes",method="GET",route="/quotes/:id",status="3xx"';
  const notModified = () => metric(quotes, `http_request_duration_seconds_count{${labels}}`);
  const first = await ask(quotes, `/quotes/${id}`);
  const headers = { 'if-none-match': first?.headers.etag ?? '' };
  const held = await ask(quotes, `/quotes/${id}`, { headers, cache: 'no-store' });
  expect([held?.status, held?.text, held?.headers.etag]).toEqual([304, '', first?.headers.etag]);

  const before = await notModified();
  const again = await ask(quotes, `/quotes/${id}`);
  expect([again?.status, again?.text]).toEqual([200, first?.text]);
  expect((await notModified()) - before).toBe(1);
  // The limits are those of the answer without a body.
  expect(again?.headers['ratelimit-remaining']).toBe('97');
});

it('reads why and for how long it is refused', async () => {
  const answers = [];
  for (let i = 0; i < 3; i += 1) answers.push(await ask(limited, `/quotes/${id}`));
  expect(answers.map((seen) => seen?.status)).toEqual([200, 200, 429]);
  const refused = answers[2];
  expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused?.headers['ratelimit-remaining']).toBe('0');
  expect(JSON.parse(refused?.text ?? '').type).toBe(problemType('too-many-requests'));
  const list = await ask(limited, '/quotes');
  expect([list?.status, list?.headers['ratelimit-limit']]).toEqual([429, '2']);
});

it.each([
  ['an absent quote', '/quotes/1', 404],
  ['a wrong query', '/quotes?limit=x', 400],
  ['a path that leads nowhere', '/nowhere', 404],
] as const)('reads the refusal of %s', async (_name, path, status) => {
  const seen = await ask(quotes, path, { headers: { 'if-none-match': '"x"' } });
  expect(seen?.status).toBe(status);
  expect(JSON.parse(seen?.text ?? '')).toMatchObject({ status });
});

it('reads what was refused before any route was looked for', async () => {
  // A request without a preflight, which would be refused itself.
  const seen = await ask(quotes, `/quotes/${'1'.repeat(20_000)}`);
  expect(seen?.status).toBe(431);
  expect(JSON.parse(seen?.text ?? '').type).toBe(problemType('headers-too-large'));
});

it('writes with credentials of its own, and deletes', async () => {
  const authorization = basic('tintin', secret('tintin'));
  const added = await ask(quotes, '/quotes', {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ quote: 'Mille millions de mille sabords !' }),
  });
  expect(added?.status).toBe(201);
  const path = added?.headers.location ?? '';
  expect(path).toMatch(/^\/quotes\/\d+$/);
  const deleted = await ask(quotes, path, { method: 'DELETE', headers: { authorization } });
  expect(deleted?.status).toBe(204);
  expect((await ask(quotes, path))?.status).toBe(404);
});

it('uses nothing that the browser remembers, and sees nothing of operators', async () => {
  expect(await ask(quotes, `/quotes/${id}`, { credentials: 'include' })).toBeNull();
  expect(await ask(quotes, '/metrics')).toBeNull();
});
