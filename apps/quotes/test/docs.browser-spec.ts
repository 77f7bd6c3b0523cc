import type { Browser, BrowserContext, Page } from 'playwright-core';
import { problemType } from '#libs/problem/problem.catalogue.ts';
import {
  complaintsOf,
  launchChromium,
  type OtherOrigin,
  SCREENSHOTS,
  serveOtherOrigin,
} from '#libs/testing/chromium.ts';
import { call, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
let quotes: ServiceProcess;
/** A page of another origin, which shows the documentation in a frame. */
let other: OtherOrigin;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/**
 * The browser's complaints of a broken policy or a script's error, but not of a refused request.
 */
let complaints: string[];

beforeAll(async () => {
  browser = await launchChromium();
  await platform.start();
  const users = await platform.service('users');
  quotes = await platform.service('quotes');
  const tintin = { id: 'tintin', name: 'Tintin', password: secret('tintin') };
  succeeded(await call(users, 'POST /users', { key: ADMIN_KEY, json: tintin }));
  succeeded(
    await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json: { quote: 'Tonnerre de Brest !' } }),
  );
  other = await serveOtherOrigin(() => `<iframe src="${quotes.url}/docs"></iframe>`);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  other?.close();
  await platform.stop();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 1600 } });
  page = await context.newPage();
  complaints = complaintsOf(page, '/quotes');
});
afterEach(() => context.close());

/** An operation, by its method and path. */
const operation = (method: string, path: string) =>
  page.locator(`.opblock-${method}`).filter({ has: page.locator(`[data-path="${path}"]`) });

async function openDocs(): Promise<void> {
  await page.goto(`${quotes.url}/docs`);
  await operation('get', '/quotes').waitFor();
}

const unfold = (method: string, path: string) =>
  operation(method, path).locator('.opblock-summary-control').click();

/** Tries out an unfolded operation, and answers status and body as the page shows them. */
async function tryOut(
  method: string,
  path: string,
  json?: object,
): Promise<{ status: string; body: string }> {
  const block = operation(method, path);
  await block.getByRole('button', { name: 'Try it out' }).click();
  if (json) await block.locator('.body-param__text').fill(JSON.stringify(json));
  await block.locator('.btn.execute').click();
  const answer = block.locator('.live-responses-table .response');
  return {
    status: (await answer.locator('.response-col_status').innerText()).trim(),
    body: await answer.locator('.response-col_description .microlight').first().innerText(),
  };
}

async function logIn(user: string, password: string): Promise<void> {
  await page.locator('.btn.authorize').first().click();
  const scheme = page.locator('.auth-container').filter({ hasText: 'Id and password of a user' });
  await scheme.locator('[name="username"]').fill(user);
  await scheme.locator('[name="password"]').fill(password);
  await scheme.getByRole('button', { name: 'Apply credentials' }).click();
  await scheme.getByRole('button', { name: 'Close' }).click();
}

it('the page shows every operation, and its policy breaks nothing', async () => {
  await openDocs();
  await page.screenshot({ path: `${SCREENSHOTS}/docs.png`, fullPage: true });

  const shown = await page
    .locator('.opblock-summary-path')
    .evaluateAll((paths) => paths.map((path) => path.dataset.path));
  const { body } = await call(quotes, 'GET /openapi.json');
  expect([...new Set(shown)].sort()).toEqual(Object.keys(body.paths).sort());
  expect(complaints).toEqual([]);
});

it('"Try it out" reads the quotes', async () => {
  await openDocs();
  await unfold('get', '/quotes');
  const { status, body } = await tryOut('get', '/quotes');

  expect(status).toBe('200');
  expect(JSON.parse(body).items[0].quote).toBe('Tonnerre de Brest !');
  await page.screenshot({ path: `${SCREENSHOTS}/docs-tried.png`, fullPage: true });
  expect(complaints).toEqual([]);
});

it('"Try it out" with a wrong password shows the 401, and the browser does not ask', async () => {
  await openDocs();
  await logIn('tintin', secret('wrong'));
  const answer = page.waitForResponse((response) => response.status() === 401);
  await unfold('post', '/quotes');
  const { status, body } = await tryOut('post', '/quotes');

  expect(status).toBe('401');
  expect(JSON.parse(body)).toMatchObject({ type: problemType('unauthorized'), status: 401 });
  expect(await (await answer).headerValue('www-authenticate')).not.toContain('Basic');
  await page.screenshot({ path: `${SCREENSHOTS}/docs-refused.png`, fullPage: true });
  expect(complaints).toEqual([]);
});

it('forgets credentials with the page', async () => {
  await openDocs();
  await logIn('tintin', secret('tintin'));
  await unfold('post', '/quotes');
  expect((await tryOut('post', '/quotes', { quote: 'Mille sabords !' })).status).toBe('201');

  // The address names the unfolded operation.
  await page.reload();
  expect((await tryOut('post', '/quotes', { quote: 'Mille sabords !' })).status).toBe('401');
});

it('is shown in no frame of another page', async () => {
  const refusal = page.waitForEvent('console', (message) =>
    message.text().includes('frame-ancestors'),
  );
  await page.goto(`http://localhost:${other.port}`);
  await refusal;

  const [, frame] = page.frames();
  expect(await frame?.locator('#swagger-ui').count()).toBe(0);
});
