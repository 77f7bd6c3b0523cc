import { isUtf8 } from 'node:buffer';

/** The longest row that is read: the limit of a request body. It bounds the memory of an import. */
export const MAX_ROW_BYTES = 65_536;

/** A line of a file. */
export interface Line {
  /** Counted from 1. */
  number: number;
  /** Without its line end (LF or CRLF). */
  text: string;
  /** The line is longer than {@link MAX_ROW_BYTES}, and `text` only its beginning. */
  truncated: boolean;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const windows1252 = new TextDecoder('windows-1252');

/**
 * Splits a stream of bytes into lines, and yields the lines of a chunk together. Memory is bounded
 * whatever the stream holds.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line[]> {
  let number = 0;
  let carried: Buffer = Buffer.alloc(0);
  const toLine = (bytes: Buffer): Line => {
    number += 1;
    const line = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
    return { number, text: decodeText(line), truncated: bytes.length > MAX_ROW_BYTES };
  };
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      lines.push(
        toLine(from === 0 ? join(carried, chunk.subarray(0, end)) : chunk.subarray(from, end)),
      );
      from = end + 1;
    }
    carried = from === 0 ? join(carried, chunk) : chunk.subarray(from);
    yield lines;
  }
  if (carried.length > 0) yield [toLine(carried)];
}

/**
 * The text of a line or of a JSON value. What is not valid UTF-8 is read as Windows-1252, the
 * superset of Latin-1 that old files are written in, so that files of mixed encodings are read
 * right.
 */
export function decodeText(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : windows1252.decode(bytes);
}

/** Keeps no more of an endless line than tells that it is too long. */
function join(carried: Buffer, bytes: Buffer): Buffer {
  if (carried.length === 0) return bytes;
  return carried.length > MAX_ROW_BYTES ? carried : Buffer.concat([carried, bytes]);
}
