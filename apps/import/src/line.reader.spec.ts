import { type Line, MAX_ROW_BYTES, readLines } from './line.reader.ts';

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function lines(bytes: Buffer, chunkSize = 65_536): Promise<Line[]> {
  const all: Line[] = [];
  for await (const batch of readLines(inChunks(bytes, chunkSize))) all.push(...batch);
  return all;
}

const texts = async (bytes: Buffer, chunkSize?: number) =>
  (await lines(bytes, chunkSize)).map(({ text }) => text);

it.each([1, 2, 3, 64])('finds the same lines in chunks of %i bytes', async (chunkSize) => {
  const text = 'un\r\n\nœuvre\ndernière';

  expect(await texts(Buffer.from(text), chunkSize)).toEqual(['un', '', 'œuvre', 'dernière']);
});

it('counts lines from 1', async () => {
  expect((await lines(Buffer.from('a\n\nb\n'))).map(({ number }) => number)).toEqual([1, 2, 3]);
});

it('reads lines in Windows-1252 among lines in UTF-8', async () => {
  const bytes = Buffer.concat([
    Buffer.from('déjà\n'),
    Buffer.from([0x80, 0x20, 0xe9, 0x0a]),
    Buffer.from('vu'),
  ]);

  expect(await texts(bytes)).toEqual(['déjà', '€ é', 'vu']);
});

it('tells a line that is too long, and goes on after it', async () => {
  const bytes = Buffer.from(`${'x'.repeat(MAX_ROW_BYTES + 1)}\n${'y'.repeat(MAX_ROW_BYTES)}\n`);

  for (const chunkSize of [1000, 1_000_000]) {
    expect((await lines(bytes, chunkSize)).map(({ truncated }) => truncated)).toEqual([
      true,
      false,
    ]);
  }
});

it('keeps only the beginning of a line that does not end', async () => {
  const [line] = await lines(Buffer.alloc(50 * MAX_ROW_BYTES, 'x'), 1000);

  expect(line?.text.length).toBeLessThan(MAX_ROW_BYTES + 1001);
});
