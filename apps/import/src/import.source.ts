import { createReadStream } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { readHeader } from './csv.reader.ts';
import type { ImportTarget } from './import.target.ts';
import { MAX_ROW_BYTES, readLines } from './line.reader.ts';
import type { Row } from './row.model.ts';
import { type Format, formatOf, readRows } from './row.reader.ts';

/** A file that cannot be imported; the message is one line that names it and says why. */
export class SourceError extends Error {}

/** A file that can be imported. */
export interface Source {
  /** As the user gave it. */
  path: string;
  format: Format;
  /** In bytes. */
  size: number;
}

/**
 * Inspects the files before anything is written. It leaves out indexes of strfile(1), which lie
 * beside fortune files, and files that were named before under another name.
 * @throws SourceError for a file that is missing, unreadable, no regular file, or of a format or
 *   header that the target does not take
 */
export async function inspectSources(
  paths: readonly string[],
  target: Pick<ImportTarget<unknown>, 'columns' | 'formats'>,
): Promise<Source[]> {
  const sources = new Map<string, Source>();
  for (const path of paths) {
    const [real, source] = await inspect(path, target).catch((error: unknown) => {
      if (error instanceof SourceError) throw error;
      throw unreadable(path, error);
    });
    if (source && !sources.has(real)) sources.set(real, source);
  }
  return [...sources.values()];
}

/**
 * The rows of a file.
 * @param onBytes told how many bytes were read, chunk by chunk
 * @throws SourceError when the file cannot be read any more
 */
export async function* readSource(
  { path, format }: Source,
  onBytes: (count: number) => void,
): AsyncGenerator<Row> {
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of createReadStream(path)) {
        onBytes(chunk.length);
        yield chunk;
      }
    } catch (error) {
      throw unreadable(path, error);
    }
  }
  yield* readRows(format, readLines(chunks()));
}

async function inspect(
  path: string,
  { columns, formats }: Pick<ImportTarget<unknown>, 'columns' | 'formats'>,
): Promise<[real: string, source: Source | undefined]> {
  const real = await realpath(path);
  const file = await open(real, 'r');
  try {
    const stat = await file.stat();
    if (!stat.isFile())
      throw new SourceError(`${path}: ${stat.isDirectory() ? 'is a folder' : 'is not a file'}`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_ROW_BYTES), 0, MAX_ROW_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    if (isStrfileIndex(head)) return [real, undefined];
    const format = formatOf(path);
    if (!formats.includes(format)) throw new SourceError(`${path}: is neither .csv nor .jsonl`);
    if (format === 'csv' && bytesRead > 0) {
      const problem = headerProblem(await readHeader(readLines(chunk(head))), columns);
      if (problem) throw new SourceError(`${path}:1: ${problem}`);
    }
    return [real, { path, format, size: stat.size }];
  } finally {
    await file.close();
  }
}

async function* chunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** An index starts with its version as a 32-bit number, so with a zero byte, as no text does. */
function isStrfileIndex(head: Buffer): boolean {
  return head.length >= 4 && [1, 2].includes(head.readUInt32BE(0));
}

function headerProblem(
  header: readonly string[] | undefined,
  { required, optional }: ImportTarget<unknown>['columns'],
): string | undefined {
  const known = [...required, ...optional];
  const optionalNames = optional.map((name) => `[,${name}]`).join('');
  const wanted = `the header must be ${required.join(',')}${optionalNames}`;
  if (!header) return wanted;
  const unknown = header.find((name) => !known.includes(name));
  if (unknown !== undefined) return `"${unknown}" is not a known column: ${wanted}`;
  const missing = required.find((name) => !header.includes(name));
  if (missing !== undefined) return `column "${missing}" is missing: ${wanted}`;
  return new Set(header).size < header.length ? `a column is named twice: ${wanted}` : undefined;
}

function unreadable(path: string, error: unknown): SourceError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'may not be read',
  };
  return new SourceError(
    `${path}: ${reasons[String(code)] ?? (error instanceof Error ? error.message : error)}`,
  );
}
