import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** So much of a file is looked at to tell its format. */
export const HEAD_BYTES = 131_072;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** What a file begins with, and the whole of it. */
export interface Opened {
  /** The first {@link HEAD_BYTES} or so, as {@link plainText} answers them. */
  head: Buffer;
  /** Whether `head` is all there is. */
  whole: boolean;
  /** What the bytes were before: `UTF-8`, `UTF-16`... with `gzip` if they were packed. */
  encoding: string;
  /** All bytes, the head among them; may be read once. */
  chunks: AsyncIterable<Buffer>;
  /** Lets go of the file when it is not read to its end. */
  close(): Promise<unknown>;
}

/**
 * Unpacks gzip, and makes UTF-8 of UTF-16; both are known by their first bytes. Byte order marks
 * are taken away, and line ends that are a bare CR become LF. Other bytes stay as they are: they
 * are UTF-8 or Windows-1252, which is decided line by line.
 */
export async function openText(raw: AsyncIterable<Buffer>): Promise<Opened> {
  const packed = await peek(raw, 2);
  const isGzip = packed.head.length > 1 && packed.head.readUInt16BE(0) === 0x1f8b;
  const { head: start, chunks } = await peek(isGzip ? unpack(packed.chunks) : packed.chunks, 4);
  const encoding = encodingOf(start);
  const text = await peek(decode(chunks, encoding), HEAD_BYTES);
  const lineEnds = text.head.includes(LINE_FEED) || !text.head.includes(CARRIAGE_RETURN);
  return {
    ...text,
    encoding: `${encoding.name}${isGzip ? ', gzip' : ''}`,
    ...(lineEnds ? {} : { head: withLineFeeds(text.head), chunks: mapped(text.chunks) }),
  };
}

interface Encoding {
  name: string;
  /** Length of the byte order mark. */
  mark: number;
  label?: 'utf-16le' | 'utf-16be';
}

function encodingOf(start: Buffer): Encoding {
  const mark = start.toString('hex');
  if (mark.startsWith('efbbbf')) return { name: 'UTF-8 with BOM', mark: 3 };
  if (mark.startsWith('fffe')) return { name: 'UTF-16 LE', mark: 2, label: 'utf-16le' };
  if (mark.startsWith('feff')) return { name: 'UTF-16 BE', mark: 2, label: 'utf-16be' };
  return { name: '', mark: 0 };
}

async function* decode(chunks: AsyncIterable<Buffer>, { mark, label }: Encoding) {
  const decoder = label && new TextDecoder(label);
  let skip = decoder ? 0 : mark;
  for await (const chunk of chunks) {
    yield decoder ? Buffer.from(decoder.decode(chunk, { stream: true })) : chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
  if (decoder) yield Buffer.from(decoder.decode());
}

async function* unpack(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  // A failure ends the iteration below with its error.
  pipeline(Readable.from(chunks), gunzip).catch(() => {});
  yield* gunzip;
}

async function* mapped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield withLineFeeds(chunk);
}

function withLineFeeds(chunk: Buffer): Buffer {
  return chunk.map((byte) => (byte === CARRIAGE_RETURN ? LINE_FEED : byte)) as Buffer;
}

/** Reads until at least `size` bytes are there or no more come; they come again in `chunks`. */
async function peek(source: AsyncIterable<Buffer>, size: number) {
  const iterator = source[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let length = 0;
  let whole = false;
  while (length < size && !whole) {
    const { done, value } = await iterator.next();
    if (done) whole = true;
    else length += first.push(value) && value.length;
  }
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      yield* first.splice(0);
      if (!whole) yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  const head = Buffer.concat(first);
  return { head, whole, chunks: chunks(), close: async () => iterator.return?.() };
}
