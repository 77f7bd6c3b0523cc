import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ColumnMapper } from './column.mapper.ts';
import { readHeader } from './csv.reader.ts';
import { detectFormat } from './format.detector.ts';
import type { ImportKind } from './import.target.ts';
import { decodeText, readLines } from './line.reader.ts';
import { attributionOf, type Tidying, tidy } from './quote.tidier.ts';
import type { Row } from './row.model.ts';
import { describeFormat, type Format, type FormatName, readRows } from './row.reader.ts';
import { type Opened, openText } from './source.bytes.ts';
import { isStrfileIndex, readIndexOf } from './strfile.index.ts';
import { quotedNames, UnknownFormatError } from './unknown-format.error.ts';

/** A file that cannot be imported; the message is one line that names it and says why. */
export class SourceError extends Error {}

/** What the user says about the files. */
export interface SourceOptions {
  format?: FormatName;
  /** Names of columns by field. */
  map: ReadonlyMap<string, string>;
  /** Whether authors are looked for at the end of texts; else that depends on the file. */
  attribution?: boolean;
}

/** A file that can be imported. */
export interface Source {
  /** As the user gave it, or `standard input`. */
  path: string;
  /** In bytes; undefined when nobody knows. */
  size: number | undefined;
  /** What the file was taken for: one line. */
  description: string;
  /** The names in the file of the columns that are imported, by field. */
  columns: ReadonlyMap<string, string>;
  format: Format;
  mapper: ColumnMapper;
  tidying: Tidying;
  open(onBytes: (count: number) => void): Promise<Opened>;
}

/** What can be imported of what the user named, and a line on each file or folder that cannot. */
export interface Inspection {
  sources: Source[];
  notes: string[];
}

/**
 * Inspects the files before anything is written. `-` is standard input. Of folders the files are
 * taken, also those of folders in them; but folders among files are left out with a note, since a
 * shell names them when it expands a pattern. Files in folders that are not understood are left
 * out, too. So are, without a note, files that were named before under another name, and indexes of
 * strfile(1) unless nothing else is there, since they lie beside fortune files.
 * @throws SourceError for a file that the user named and that is missing, unreadable, or not
 *   understood
 */
export async function inspectSources(
  paths: readonly string[],
  kind: ImportKind<unknown>,
  options: SourceOptions,
): Promise<Inspection> {
  const sources = new Map<string, Source>();
  const notes: string[] = [];
  let index: string | undefined;
  /** Answers which of the paths are folders. */
  const take = async (named: readonly string[], onProblem: (problem: SourceError) => void) => {
    const folders: string[] = [];
    for (const path of named) {
      try {
        const inspected = await inspect(path, kind, options, sources);
        if (inspected === 'folder') folders.push(path);
        else if (inspected === 'index') index ??= path;
        else if (inspected) sources.set(...inspected);
      } catch (error) {
        onProblem(unusable(path, error));
      }
    }
    return folders;
  };
  const fail = (problem: SourceError) => {
    throw problem;
  };
  const note = ({ message }: SourceError) => void notes.push(`${message} (skipped)`);

  const folders = await take(paths, fail);
  const read = new Set<string>();
  if (folders.length < paths.length) {
    for (const folder of folders)
      notes.push(`${folder}: is a folder (skipped); to import its files, name it alone`);
  } else {
    for (const folder of folders) {
      // A link may lead back to a folder that is being read.
      const real = await realpath(folder);
      if (read.has(real)) continue;
      read.add(real);
      // The folders in a folder come behind it, as if they had been named.
      folders.push(...(await take(await filesOf(folder), note)));
    }
  }
  if (index !== undefined && sources.size === 0)
    note(new SourceError(`${index}: is the index of a fortune file, which holds no quotes`));
  return { sources: [...sources.values()], notes };
}

/** What is in a folder, but for what is hidden, by name. */
async function filesOf(folder: string): Promise<string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    throw unusable(folder, error);
  }
}

/**
 * The rows of a file, their fields under the names that the API has for them.
 * @param onBytes told how many bytes were read, chunk by chunk
 * @throws SourceError when the file cannot be read any more
 */
export async function* readSource(
  source: Pick<Source, 'path' | 'format' | 'mapper' | 'tidying' | 'open'>,
  onBytes: (count: number) => void,
): AsyncGenerator<Row> {
  const { path, format, mapper, tidying } = source;
  try {
    const { chunks } = await source.open(onBytes);
    for await (const row of readRows(format, chunks))
      yield 'reason' in row ? row : { line: row.line, value: fieldsOf(row.value, mapper, tidying) };
  } catch (error) {
    throw unusable(path, error);
  }
}

function fieldsOf(value: unknown, mapper: ColumnMapper, tidying: Tidying): unknown {
  return tidy(typeof value === 'string' ? { quote: value } : mapper.map(value), tidying);
}

async function inspect(
  path: string,
  { columns }: ImportKind<unknown>,
  { format: told, map, attribution }: SourceOptions,
  known: ReadonlyMap<string, Source>,
): Promise<[real: string, source: Source] | 'folder' | 'index' | undefined> {
  const isStandardInput = path === '-';
  const name = isStandardInput ? 'standard input' : path;
  const real = isStandardInput ? path : await realpath(path);
  if (known.has(real)) return undefined;
  const stats = isStandardInput ? undefined : await stat(real);
  if (stats?.isDirectory()) return 'folder';
  if (stats && !stats.isFile())
    throw new SourceError(`${path}: is not a file; to read what a program writes, name - instead`);
  const opened = await openText(stats ? createReadStream(real) : process.stdin);
  try {
    if (isStrfileIndex(opened.head)) return 'index';
    const mapper = new ColumnMapper(columns, map);
    const utf8 = utf8Head(opened);
    const format = await detectFormat(
      {
        head: utf8 ?? decodeText(opened.head),
        whole: opened.whole,
        index: stats && (await readIndexOf(real)),
        told,
      },
      mapper,
    );
    const { rows, names, assignment } = await sampleOf(format, opened, mapper);
    checkColumns(format, names, mapper, columns);
    const tidying = {
      attribution: attributionOf(rows, attribution),
      joins: format.name === 'blocks',
    };
    const source = { path: name, size: stats?.size, format, mapper, tidying };
    const isMarked = opened.encoding !== '' && !opened.encoding.startsWith(',');
    const encoding =
      (isMarked ? '' : utf8 === undefined ? 'Windows-1252' : 'UTF-8') + opened.encoding;
    return [
      real,
      {
        ...source,
        columns: new Map([...assignment.columns].map(([{ field }, column]) => [field, column])),
        description: describe(source, assignment, encoding),
        open: async (onBytes) => (stats ? openText(counted(real, onBytes)) : opened),
      },
    ];
  } catch (error) {
    throw error instanceof UnknownFormatError
      ? new SourceError(`${name}: ${error.message}`)
      : error;
  } finally {
    if (stats) await opened.close();
  }
}

/** The first rows as they would be, and the names of their columns. */
async function sampleOf(format: Format, { head }: Opened, mapper: ColumnMapper) {
  async function* chunks(): AsyncGenerator<Buffer> {
    yield head;
  }
  const values: unknown[] = [];
  for await (const row of readRows(format, chunks()))
    values.push('value' in row ? row.value : null);
  const objects = values.filter((value) => typeof value === 'object' && value !== null);
  const found = objects.map((value) => Object.keys(value));
  if (format.name === 'csv')
    found.unshift([...(format.header ?? (await readHeader(readLines(chunks()), format)))]);
  const names = [...new Set(found.flat())];
  const { columns, ignored } = mapper.assign(names);
  // Rows may differ in what they call a column, and then each is read by its own name.
  const used = new Set(found.flatMap((row) => [...mapper.assign(row).columns.values()]));
  const plain: Tidying = { attribution: [], joins: false };
  return {
    rows: values.map((value) => fieldsOf(value, mapper, plain)),
    names,
    assignment: { columns, ignored: ignored.filter((name) => !used.has(name)) },
  };
}

function checkColumns(
  format: Format,
  names: readonly string[],
  mapper: ColumnMapper,
  columns: ImportKind<unknown>['columns'],
): void {
  const [absent] = mapper.absent(names);
  if (absent !== undefined)
    throw new UnknownFormatError(
      `was taken for ${describeFormat(format)}, and has no column "${absent}"; ` +
        `it has ${quotedNames(names) || 'none'}`,
    );
  const isText = format.name === 'blocks' || format.name === 'lines';
  const required = columns.filter((column) => column.required).map(({ field }) => field);
  if (isText && mapper.missing(['quote']).length > 0)
    throw new UnknownFormatError(
      `was taken for ${describeFormat(format)}, but columns are needed: ${required.join(', ')}`,
    );
}

/** The head if it is UTF-8, without the bytes of a character that is cut off at the end. */
function utf8Head({ head, whole }: Opened): string | undefined {
  for (let cut = 0; cut < (whole ? 1 : 4); cut++) {
    const text = head.subarray(0, head.length - cut);
    if (isUtf8(text)) return text.toString('utf8');
  }
  return undefined;
}

function describe(
  { path, format, tidying }: Pick<Source, 'path' | 'format' | 'tidying'>,
  { columns, ignored }: ReturnType<ColumnMapper['assign']>,
  encoding: string,
): string {
  const fields = [...columns].map(([{ field }, name]) =>
    field === name ? field : `${field} from "${name}"`,
  );
  const parts = [`${describeFormat(format)}, ${encoding}`];
  if (fields.length > 0) parts.push(fields.join(', '));
  if (ignored.length > 0) parts.push(`not imported: ${ignored.join(', ')}`);
  if (tidying.attribution.length > 0) parts.push('authors from the ends of texts');
  return `${path}: ${parts.join('; ')}`;
}

async function* counted(path: string, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path)) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** The error of a file that cannot be read or written, in one line. */
export function unusable(path: string, error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  const { code = '', message = String(error) }: NodeJS.ErrnoException = Object(error);
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'access is denied',
    EISDIR: 'is a folder',
  };
  if (code.startsWith('Z_')) return new SourceError(`${path}: cannot be unpacked: ${message}`);
  return new SourceError(`${path}: ${reasons[code] ?? message}`);
}
