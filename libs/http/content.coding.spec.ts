import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type ContentCoding, compress, isLarger, preferredCoding } from './content.coding.ts';

describe('preferredCoding', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['br;q=0.5,gzip;q=0.5', 'br'],
    ['br ; q=0.001 , gzip ; Q=0.002', 'gzip'],
    ['*', 'br'],
    ['*;q=0.1, br;q=0', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=0.000, br;q=0', undefined],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['identity;q=0', undefined],
    ['identity;q=0, gzip', 'gzip'],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip;q=0.8', 'gzip'],
    ['gzip;q=much', undefined],
    ['deflate, zstd, gzipped', undefined],
    [',,;q=1,', undefined],
  ])('of "%s" is %s', (accepted, coding) => {
    expect(preferredCoding(accepted, ['br', 'gzip'])).toBe(coding);
  });

  it('is among those offered only', () => {
    expect(preferredCoding('br, gzip;q=0.1', ['gzip'])).toBe('gzip');
    expect(preferredCoding('br', ['gzip'])).toBeUndefined();
  });
});

it.each([
  ['a text in ASCII', 'x', 1],
  ['a text of two bytes a character', 'é', 2],
  ['a text of three bytes a character', '語', 3],
  ['a text of characters beyond the first plane', '🐋', 4],
])('counts the bytes of %s', (_name, character, bytes) => {
  for (const count of [1, 341, 342, 700]) {
    const text = character.repeat(count);
    for (const body of [text, Buffer.from(text)]) {
      expect(isLarger(body, count * bytes - 1)).toBe(true);
      expect(isLarger(body, count * bytes)).toBe(false);
    }
  }
});

describe('compress', () => {
  const run = (body: string | Buffer, coding: ContentCoding) =>
    new Promise<Buffer | undefined>((done) => compress(body, coding, done));
  const text = (length: number) => 'Tonnerre de Brest ! '.repeat(length / 20);
  const opened = { br: brotliDecompressSync, gzip: gunzipSync };

  it.each([
    ['br', 2_000],
    ['gzip', 2_000],
    ['br', 1_100_000],
    ['gzip', 1_100_000],
  ] as const)('makes %s of %i characters', async (coding, length) => {
    for (const body of [text(length), Buffer.from(text(length))]) {
      const coded = await run(body, coding);
      expect(coded?.length).toBeLessThan(length / 10);
      expect(opened[coding](coded ?? '').toString()).toBe(text(length));
    }
  });

  it('takes two long bodies at a time, and as many short ones as come', async () => {
    const long = text(200_000);
    const coded = await Promise.all([
      run(long, 'br'),
      run(long, 'gzip'),
      run(long, 'gzip'),
      run(text(2_000), 'gzip'),
    ]);
    expect(coded.map((body) => body !== undefined)).toEqual([true, true, false, true]);
    expect(await run(long, 'gzip')).toBeDefined();
  });

  it('takes a body for a long one by its bytes', async () => {
    const long = '語'.repeat(30_000);
    const coded = await Promise.all([run(long, 'gzip'), run(long, 'gzip'), run(long, 'gzip')]);
    expect(coded.map((body) => body !== undefined)).toEqual([true, true, false]);
  });
});
