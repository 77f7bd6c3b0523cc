import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Page,
  Response,
} from 'playwright-core';
import { launchChromium, SCREENSHOTS } from '#libs/testing/chromium.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import {
  deliver,
  disputeOf,
  eventOf,
  orders,
  ShopPlatform,
  shopEnvironment,
} from '#libs/testing/shop-platform.ts';

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
/** Pages must fit this width without scrolling sideways (WCAG 2.2, 1.4.10). */
const NARROW = { width: 320, height: 640 };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Finds elements whose names no browser knows. */
const UNKNOWN_ELEMENTS = `Array.from(document.querySelectorAll('*'))
  .filter((element) => element instanceof HTMLUnknownElement)
  .map(({ localName }) => localName)`;
const EMAIL = 'tintin@moulinsart.example';

const QUOTES = [
  'Tonnerre de Brest !',
  'On ne voit bien qu’avec le cœur. L’essentiel est invisible pour les yeux.',
  'It is a truth universally acknowledged, that a single man in possession of a good fortune, ' +
    'must be in want of a wife.',
  'La vie, c’est comme une bicyclette, il faut avancer pour ne pas perdre l’équilibre.',
  'Be yourself; everyone else is already taken.',
  'Mille millions de mille sabords !',
  'Carpe diem.',
  'All happy families are alike; each unhappy family is unhappy in its own way. Everything was ' +
    'in confusion in the house, and so it had been for three days, to the grief of all who lived ' +
    'in it, and of the cook most of all.',
];

const VERSE = {
  quote: 'Who lends his ladder to a man in haste\nWill find the ladder, and the man, misplaced.',
  author: 'Bianca Castafiore',
  source: 'Les Bijoux',
};
/** As a file that is wrapped at 72 columns holds it. */
const PROSE = [
  'Nobody who has ever carried a ladder through a narrow street at noon can',
  'believe that the world was made for people who are in a hurry to arrive',
  'somewhere else.',
];

const platform = new ShopPlatform();
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the page that is shown came with. */
let received: Response | undefined;
let outside: string[];
/**
 * A shop with `/stripe-test`, one that admits a request a minute, and one that reaches no quotes.
 */
let debug: ServiceProcess;
let strict: ServiceProcess;
let cutOff: ServiceProcess;

beforeAll(async () => {
  browser = await launchChromium();
  await platform.start();
  for (const quote of QUOTES) await platform.addQuote(quote);
  await platform.addQuote(VERSE.quote, VERSE);
  await platform.addQuote(PROSE.join('\n'), { author: 'Séraphin Lampion' });
  const environment = shopEnvironment(platform.quotes.url, platform.search.url);
  [debug, strict, cutOff] = await Promise.all([
    platform.service('shop', { ...environment, DEBUG: 'True' }),
    platform.service('shop', { ...environment, THROTTLE_LIMIT: '1' }),
    // Nobody listens on port 1.
    platform.service('shop', shopEnvironment('http://127.0.0.1:1', 'http://127.0.0.1:1')),
  ]);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await platform.stop();
});
beforeEach(() => open());
afterEach(async () => {
  await context.close();
  expect(outside).toEqual([]);
});

/** Opens a new visit, and notes every request that leaves the shop. */
async function open(options: BrowserContextOptions = {}): Promise<void> {
  await context?.close();
  context = await browser.newContext({ viewport: DESKTOP, ...options });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  outside = [];
  page.on('response', (response) => {
    if (response.request().isNavigationRequest()) received = response;
  });
  page.on('request', (request) => {
    if (![platform.shop, debug, strict, cutOff].some(({ url }) => request.url().startsWith(url)))
      outside.push(request.url());
  });
}

async function toPaymentPage(): Promise<void> {
  await page.goto(platform.shop.url);
  await page.getByRole('link', { name: 'Carpe diem' }).click();
  await page.getByRole('radio', { name: /Mug/ }).check();
  await page.getByLabel('Quantity').fill('2');
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.getByRole('link', { name: 'Check out' }).click();
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByRole('button', { name: 'Pay €28.00' }).click();
  await page.getByRole('heading', { name: 'Pay €28.00' }).waitFor();
}

const choose = (name: string | RegExp) => page.getByRole('button', { name }).click();
const heading = (name: string | RegExp) => page.getByRole('heading', { name, level: 1 }).waitFor();

describe.each([
  ['on a desktop', { viewport: DESKTOP }],
  ['on a phone', { viewport: PHONE }],
  ['without JavaScript', { javaScriptEnabled: false }],
])('%s', (_name, options) => {
  it('a buyer buys, and the cart is empty', async () => {
    await open(options);
    await toPaymentPage();
    await choose('Pay €28.00');
    await heading(/^Order PR-/);
    await page.getByText('Your payment has arrived').waitFor();
    await page.getByRole('link', { name: 'Cart' }).click();
    await page.getByText('It is empty').waitFor();
  });
});

it('a declined card can be tried again', async () => {
  await toPaymentPage();
  await choose('Let the card be declined');
  await page.getByRole('alert').getByText('The card was declined').waitFor();
  await choose('Pay €28.00');
  await page.getByText('Your payment has arrived').waitFor();
});

it('an abandoned payment keeps the cart, and is resumed as the same order', async () => {
  await toPaymentPage();
  const address = page.url();
  await choose('Abandon and go back');
  await heading('Payment cancelled');
  await page.getByRole('link', { name: 'Try again' }).click();
  await page.getByLabel('E-mail address').fill(EMAIL);
  await choose('Pay €28.00');
  expect(page.url()).toBe(address);
  await choose('Pay €28.00');
  await page.getByText('Your payment has arrived').waitFor();
});

it('a double click on pay makes one order, and one payment', async () => {
  const before = (await orders(platform.shop)).length;
  await page.goto(platform.shop.url);
  await page.getByRole('link', { name: 'Carpe diem' }).click();
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.getByRole('link', { name: 'Check out' }).click();
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByRole('button', { name: /^Pay/ }).dblclick();
  await page.getByRole('heading', { name: /^Pay €/ }).waitFor();
  expect(await orders(platform.shop)).toHaveLength(before + 1);
  await page.getByRole('button', { name: /^Pay/ }).dblclick();
  await page.getByText('Your payment has arrived').waitFor();
  expect(await page.locator('.history li').allInnerTexts()).toEqual([
    expect.stringContaining('Ordered'),
    expect.stringContaining('Paid'),
  ]);
});

it('the back button after paying leads to the paid order, not to a second payment', async () => {
  await toPaymentPage();
  await choose('Pay €28.00');
  await page.getByText('Your payment has arrived').waitFor();
  await page.goBack();
  await page.getByText('Your payment has arrived').waitFor();
});

it('the order page waits for a webhook that comes late, and shows an earlier one', async () => {
  await toPaymentPage();
  const token = page.url().split('/').at(-1);
  await page.goto(`${platform.shop.url}/your-order/${token}`);
  await page.getByText('We have not heard of your payment yet').waitFor();
  const [order] = await orders(platform.shop);
  await deliver(platform.shop, eventOf(order));
  await page.getByRole('link', { name: 'Look again' }).click();
  await page.getByText('Your payment has arrived').waitFor();

  await toPaymentPage();
  const next = page.url().split('/').at(-1);
  const [second] = await orders(platform.shop);
  await deliver(platform.shop, eventOf(second));
  await page.goto(`${platform.shop.url}/your-order/${next}`);
  await page.getByText('Your payment has arrived').waitFor();
});

it('prints keep the lines of verse, and none of wrapped prose', async () => {
  await page.goto(platform.shop.url);
  const texts = await page.locator('.face q').allInnerTexts();
  expect(texts).toContain(VERSE.quote);
  expect(texts).toContain(PROSE.join(' '));
  await page.getByRole('link', { name: 'Who lends his ladder' }).click();
  expect(await page.locator('.face q').innerText()).toBe(VERSE.quote);
  await page.getByText(VERSE.author).waitFor();
  await choose('Add to cart');
  expect(await page.locator('.lines q').innerText()).toBe(VERSE.quote);
});

it('the keyboard alone reaches the content and a product', async () => {
  await page.goto(platform.shop.url);
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.type('abracadabra');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /Nothing found/ }).waitFor();
});

describe.each([
  ['desktop', DESKTOP],
  ['phone', PHONE],
  ['narrow', NARROW],
])('every page, at the width of a %s', (name, viewport) => {
  it('is accessible and fits', async () => {
    await open({ viewport });
    await look('catalogue', platform.shop.url);
    const pathOf = (name: string) => page.getByRole('link', { name }).getAttribute('href');
    const [product, verse] = [
      await pathOf('On ne voit bien'),
      await pathOf('Who lends his ladder'),
    ];
    await look('product', product);
    await look('product-verse', verse);
    await choose('Add to cart');
    await look('cart-verse', '/cart');
    await look('checkout-verse', '/checkout');
    await page.goto(new URL('/cart', platform.shop.url).href);
    await choose('Remove');
    await look('cart-empty', '/cart');
    await look('lookup', '/orders/lookup');
    await look('terms', '/legal/terms');
    await look('not-found', '/nowhere');
    await toPaymentPage();
    await look('payment', page.url());
    await look('cart', '/cart');
    await look('checkout', '/checkout');
    await look('cancelled', '/checkout/cancelled');
    await page.goBack();
    await page.getByLabel('E-mail address').fill(EMAIL);
    await choose(/^Pay/);
    await choose('Let the card be declined');
    await look('declined', page.url());
    await choose('Pay €28.00');
    await page.getByText('Your payment has arrived').waitFor();
    await look('order', page.url());
  }, 60_000);

  it('is so when it is seldom seen', async () => {
    await open({ viewport, httpCredentials: { username: 'admin', password: ADMIN_KEY } });
    await look('privacy', '/legal/privacy');
    await look('imprint', '/legal/imprint');
    await look('nothing-found', '/?q=abracadabra');
    await toPaymentPage();
    const [order] = await orders(platform.shop);
    await look('order-waiting', page.url().replace('demo-checkout', 'your-order'));
    await page.goBack();
    await choose('Let the session expire');
    await look('order-expired', page.url());
    await deliver(platform.shop, eventOf(order, 'charge.refunded'));
    await page.reload();
    await page.getByText('Refunded.').waitFor();
    await look('order-refunded', page.url());
    await deliver(platform.shop, disputeOf(order, 'needs_response', 0));
    await page.reload();
    await page.getByText('Payment disputed.').waitFor();
    await look('order-disputed', page.url());
    await deliver(platform.shop, disputeOf(order, 'lost', 1));
    await page.reload();
    await page.getByText('Payment taken back.').waitFor();
    await look('order-dispute-lost', page.url());
    // The browser sends the key only once the shop has asked for it.
    await look('admin-orders', '/orders?limit=3');
    await heading('Orders');
    await look('admin-order', `/orders/${order.id}`);

    await look('away-catalogue', cutOff.url);
    await page.getByText('New quotes cannot be fetched just now').waitFor();
    await look('away-product', `${cutOff.url}/products/1`);
    await heading('One moment, please');
    // The browser asks for a page again only if another one came in between.
    await page.goto(`${strict.url}/cart`);
    await look('too-fast', strict.url);
    await page.getByText('That was a little fast').waitFor();
    await page.goto(`${debug.url}/stripe-test`);
    await look('stripe-test-start', page.url());
    await choose('Buy one card');
    await look('stripe-test', page.url());
  }, 60_000);

  async function look(file: string, address: string | null): Promise<void> {
    const target = new URL(address ?? '', platform.shop.url).href;
    if (target !== page.url()) await page.goto(target);
    await page.screenshot({ path: `${SCREENSHOTS}/${name}-${file}.png`, fullPage: true });
    const overflow = await page.evaluate(
      'Math.max(0, document.documentElement.scrollWidth - innerWidth)',
    );
    expect({ file, overflow }).toEqual({ file, overflow: 0 });
    const understood = tags(await page.evaluate<string>('document.documentElement.outerHTML'));
    expect({ file, tags: tags((await received?.text()) ?? '') }).toEqual({
      file,
      tags: understood,
    });
    expect(await page.evaluate(UNKNOWN_ELEMENTS)).toEqual([]);
    expect({ file, violations: await violations() }).toEqual({ file, violations: [] });
  }

  /**
   * The tags of a page in their order. Those that were sent differ from those that the browser has
   * understood where a tag is not closed, or stands where it may not.
   */
  function tags(markup: string): string[] {
    return Array.from(markup.matchAll(/<\/?[a-z]\w*/g), ([tag]) => tag);
  }

  /** All that axe-core finds. The debugger inserts it, since the page's policy would refuse it. */
  async function violations(): Promise<string[]> {
    await page.evaluate(AXE);
    return page.evaluate(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => ' +
        'id + ": " + nodes.map((node) => node.target).join(" ")))',
    );
  }
});
