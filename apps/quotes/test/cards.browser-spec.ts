import type { Browser, BrowserContext, Page } from 'playwright-core';
import {
  complaintsOf,
  launchChromium,
  type OtherOrigin,
  SCREENSHOTS,
  serveOtherOrigin,
} from '#libs/testing/chromium.ts';
import { call, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const ENGLISH =
  'The harbour was quiet at that hour, and the lamps along the quay had gone out one by one, ' +
  'until only the ship\u2019s own light was left, swinging a little, as if it had something to ' +
  'say and could not find the word. ';

/** Every card is looked at: each has a length or a script of its own. */
const QUOTES = {
  short: { quote: 'Mille sabords !', author: 'Archibald Haddock', lang: 'fr' },
  sentence: {
    quote: 'A chart is a promise that somebody has been there before you and came back.',
    author: 'Ada Quill',
    source: 'Letters from the Quay',
    lang: 'en',
  },
  paragraph: { quote: ENGLISH.trim(), author: 'Ada Quill', source: 'The Lamp', lang: 'en' },
  long: { quote: ENGLISH.repeat(9).slice(0, 2000).trim(), author: 'Ada Quill', lang: 'en' },
  french: {
    quote:
      'Où donc est passé l’été, demanda-t-elle : « il est déjà fini ! » Et la mer, déçue, se tut.',
    author: 'Hélène Œuvrard',
    source: 'Les Heures salées',
    lang: 'fr',
  },
  verse: {
    quote: 'Le vent se lève,\nla voile est prête ;\nqui rêve encore\nrestera à quai.\n\nAdieu.',
    author: 'Hélène Œuvrard',
    lang: 'fr',
  },
  german: {
    quote: 'Donaudampfschifffahrtsgesellschaftskapitäne grüßen stets zuerst.',
    source: 'Handbuch für Kapitäne',
    lang: 'de',
  },
  russian: { quote: 'Кто вышел в море, тот уже наполовину вернулся домой.', lang: 'ru' },
  chinese: {
    quote: '海上的灯火，一盏一盏地熄灭了；只有船上的那一盏，还在「轻轻」地摇晃。',
    author: '林海',
    lang: 'zh',
  },
  arabic: {
    quote: 'من خرج إلى البحر فقد قطع نصف الطريق إلى بيته، ومن بقي على الرصيف لم يصل أبدًا.',
    author: 'ليلى البحري',
    source: 'رسائل من الميناء',
    lang: 'ar',
  },
  hebrew: { quote: 'מי שיצא לים כבר חזר בחצי הדרך הביתה.', author: 'Ada Quill', lang: 'he' },
  thai: { quote: 'คนที่ออกทะเลไปแล้วก็เหมือนได้กลับบ้านมาครึ่งทางแล้ว', lang: 'th' },
  emoji: {
    quote: 'Ship it 🚢, sleep 😴, repeat 🔁. The crew 👩‍🚀👨‍👩‍👧 sails under 🇫🇷 and 🏴‍☠️.',
    lang: 'en',
  },
  markup: { quote: '<script>alert("&amp;")</script> ]]> & that is all', author: '"</svg>"' },
  word: { quote: `W${'w'.repeat(1999)}` },
} as const;

const platform = new Platform();
const paths = new Map<string, string>();
let quotes: ServiceProcess;
/** A page of another origin, which shows the cards as pictures. */
let other: OtherOrigin;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  browser = await launchChromium();
  await platform.start();
  quotes = await platform.service('quotes');
  for (const [name, json] of Object.entries(QUOTES)) {
    const { body } = succeeded(await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json }));
    paths.set(name, `/quotes/${body.id}.svg`);
  }
  other = await serveOtherOrigin(
    (path) => `<body style="margin:24px"><img src="${quotes.url}${path}" alt="">`,
  );
}, 120_000);
afterAll(async () => {
  await browser?.close();
  other?.close();
  await platform.stop();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 848, height: 600 } });
  page = await context.newPage();
  complaints = complaintsOf(page, '/favicon.ico');
});
afterEach(() => context.close());

describe.each(['light', 'dark'] as const)('for a reader who prefers %s', (colorScheme) => {
  beforeEach(() => page.emulateMedia({ colorScheme }));

  it.each(Object.keys(QUOTES))(
    'the card "%s" is a picture in a page of another origin',
    async (name) => {
      await page.goto(`http://127.0.0.1:${other.port}${paths.get(name)}`);
      const picture = page.locator('img');
      expect(await picture.evaluate((image) => Reflect.get(image, 'naturalWidth'))).toBe(800);
      await picture.screenshot({ path: `${SCREENSHOTS}/card-${name}-${colorScheme}.png` });
      expect(complaints).toEqual([]);
    },
  );

  it('its policy lets a card show its own colours', async () => {
    await page.goto(quotes.url + paths.get('short'));
    const fills = await page.evaluate<string[]>(
      "['.card', '.text'].map((name) => getComputedStyle(document.querySelector(name)).fill)",
    );
    const brightness = fills.map((fill) => Math.max(...(fill.match(/\d+/g) ?? []).map(Number)));
    const [card = 0, text = 0] = brightness;
    expect(colorScheme === 'dark' ? text - card : card - text).toBeGreaterThan(150);
    expect(complaints).toEqual([]);
  });
});

// These are the narrowest and the widest of the fonts that readers without Georgia have.
it.each(['Liberation Serif', 'DejaVu Serif'])(
  'every line stays within the card in %s',
  async (font) => {
    for (const [name, path] of paths) {
      await page.goto(quotes.url + path);
      await page.locator('style').evaluate((style, family) => {
        style.textContent += `text{font-family:"${family}",serif}`;
      }, font);
      const edges = await page.locator('text').evaluateAll((texts) =>
        texts.map((text) => {
          const { left, right } = text.getBoundingClientRect();
          return [left, right] as const;
        }),
      );
      expect(edges.length).toBeGreaterThan(0);
      for (const [left, right] of edges) {
        expect([name, left >= 10, right <= 790]).toEqual([name, true, true]);
      }
    }
  },
);
