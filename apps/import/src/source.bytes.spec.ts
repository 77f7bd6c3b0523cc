import { gzipSync } from 'node:zlib';
import { HEAD_BYTES, openText } from './source.bytes.ts';

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function read(bytes: Buffer, size: number) {
  const { chunks, head, whole, encoding } = await openText(inChunks(bytes, size));
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  const text = Buffer.concat(all).toString('utf8');
  expect(text.startsWith(head.toString('utf8'))).toBe(true);
  expect(whole).toBe(head.length === Buffer.byteLength(text));
  return { text, encoding };
}

const TEXT = 'é€🐋\nœuvre\r\n';
const mark = (text: string) => `\ufeff${text}`;

describe.each([1, 2, 3, 7, 65_536])('in chunks of %i bytes', (size) => {
  it.each([
    ['', Buffer.from(TEXT)],
    ['UTF-8 with BOM', Buffer.from(mark(TEXT))],
    ['UTF-16 LE', Buffer.from(mark(TEXT), 'utf16le')],
    ['UTF-16 BE', Buffer.from(mark(TEXT), 'utf16le').swap16()],
    [', gzip', gzipSync(TEXT)],
    ['UTF-16 LE, gzip', gzipSync(Buffer.from(mark(TEXT), 'utf16le'))],
    ['UTF-8 with BOM, gzip', Buffer.concat([gzipSync(mark(TEXT)), gzipSync('')])],
  ])('the text is the same from "%s"', async (encoding, bytes) => {
    expect(await read(bytes, size)).toEqual({ text: TEXT, encoding });
  });

  it('line ends that are a bare CR become LF', async () => {
    expect((await read(Buffer.from('a\rb\r'), size)).text).toBe('a\nb\n');
  });

  it('nothing is nothing', async () => {
    expect(await read(Buffer.alloc(0), size)).toEqual({ text: '', encoding: '' });
  });
});

it('the head is not much more than its limit', async () => {
  const { head, whole, close } = await openText(inChunks(Buffer.alloc(10 * HEAD_BYTES, 'x'), 1000));
  await close();

  expect(whole).toBe(false);
  expect(head.length).toBeGreaterThanOrEqual(HEAD_BYTES);
  expect(head.length).toBeLessThan(HEAD_BYTES + 1000);
});

it.each([
  ['closed', true],
  ['closed', false],
  ['left', true],
  ['left', false],
])('the source is let go when it is %s (gzip: %s)', async (how, isGzip) => {
  let isOpen = true;
  async function* source() {
    try {
      const noise = Buffer.from(Array.from({ length: HEAD_BYTES }, (_, i) => (i * i * 31) % 251));
      const bytes = isGzip ? gzipSync(Buffer.concat(Array(40).fill(noise)), { level: 0 }) : noise;
      for (;;) yield* inChunks(bytes, 16_384);
    } finally {
      isOpen = false;
    }
  }
  const opened = await openText(source());
  if (how === 'closed') await opened.close();
  else for await (const _ of opened.chunks) break;
  await new Promise((done) => setImmediate(done));

  expect(isOpen).toBe(false);
});
