import { jest } from '@jest/globals';

jest.useFakeTimers();
// The cache takes its clock when it is loaded.
const { PageCache } = await import('./page.cache.ts');

const FRESH_MS = 30_000;

let cache = new PageCache<{ number: number }>();
/** How many pages were made. */
let made = 0;
const make = async (freshMs = FRESH_MS) => {
  made += 1;
  return { page: { number: made }, freshMs };
};

beforeEach(() => {
  // The clock starts at 0, which the cache would take for no time at all.
  jest.advanceTimersByTime(1);
  cache = new PageCache();
  made = 0;
});

it('makes a page once for all who ask while it is made, and while it is fresh', async () => {
  const [first, second] = await Promise.all([cache.get('', make), cache.get('', make)]);
  expect(second).toBe(first);

  jest.advanceTimersByTime(FRESH_MS);
  expect(await cache.get('', make)).toBe(first);
  expect(made).toBe(1);
});

it('makes it again when it is fresh no more, each page after its own time', async () => {
  await cache.get('long', make);
  await cache.get('short', () => make(2_000));

  jest.advanceTimersByTime(2_001);
  expect(await cache.get('long', make)).toEqual({ number: 1 });
  expect(await cache.get('short', make)).toEqual({ number: 3 });

  jest.advanceTimersByTime(FRESH_MS);
  expect(await cache.get('long', make)).toEqual({ number: 4 });
});

it('tells all who wait of an error, and does not keep it', async () => {
  const fail = () => Promise.reject(new Error('Redis is away'));
  const asked = [cache.get('', fail), cache.get('', make)];
  for (const page of asked) await expect(page).rejects.toThrow('Redis is away');

  expect(await cache.get('', make)).toEqual({ number: 1 });
});

it('keeps 100 pages, and lets those go that were asked for longest ago', async () => {
  for (let i = 1; i <= 100; i += 1) await cache.get(`page ${i}`, make);
  await cache.get('page 1', make);
  await cache.get('page 101', make);
  expect(made).toBe(101);

  await cache.get('page 1', make);
  expect(made).toBe(101);
  await cache.get('page 2', make);
  expect(made).toBe(102);
});

it('gives a page to those who wait for it, even if there is no room to keep it', async () => {
  const asked = Array.from({ length: 300 }, (_, i) => cache.get(`page ${i}`, make));
  expect(await Promise.all(asked)).toHaveLength(300);
  expect(made).toBe(300);
});
