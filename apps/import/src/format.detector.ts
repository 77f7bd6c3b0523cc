import { parseAttribution } from './attribution.parser.ts';
import { type BlockFormat, isSeparator } from './block.reader.ts';
import type { ColumnMapper } from './column.mapper.ts';
import { type Dialect, namedDelimiter, readRecords } from './csv.reader.ts';
import { type JsonShape, parseJsonPrefix } from './json.reader.ts';
import { type Line, MAX_ROW_BYTES } from './line.reader.ts';
import type { Format, FormatName } from './row.reader.ts';

/** A file that is not understood; the message says what it is, and what to do. */
export class UnknownFormatError extends Error {}

/** What is known of a file before its rows are read. */
export interface Evidence {
  /** The beginning, which may be cut off at any place if it is not `whole`. */
  head: string;
  whole: boolean;
  /** What the index of a fortune file says. */
  index: BlockFormat | undefined;
  /** What the user says it is. */
  told: FormatName | undefined;
}

/** So many lines tell how a file is written. */
const SAMPLE_LINES = 200;

/** Characters that no name of a column has more of. */
const MAX_NAME_LENGTH = 64;

const DELIMITERS = ['||', '\t', '|', ';', ','];
const SEPARATORS = ['%', '%%', '---'];

/** Keys of objects that hold a list of quotes, beside the names of columns. */
const LIST_KEYS = new Set('quotes data results items records rows entries list values'.split(' '));
const MAX_JSON_DEPTH = 3;

/** How files begin that hold no text. */
const FOREIGN: readonly [RegExp, string][] = [
  [/^PK\p{Cc}{2}/u, 'is a spreadsheet or a ZIP archive: save the table as CSV, or unpack it'],
  [/^%PDF-/, 'is a PDF: save its text, with a line of % between quotes'],
  [/^(?:\xfd7zXZ|BZh\d|\(\xb5\/\xfd|Rar!|7z\xbc)/, 'is packed: unpack it first'],
  [/^SQLite format 3/, 'is a database: export the table as CSV'],
  [/\0/, 'is not text: it has zero bytes; if it is UTF-16, save it with a byte order mark'],
  [/^\s*<(?:!|\?|[a-z].*<\/)/is, 'is HTML or XML: save the quotes as CSV or JSON'],
  [/^(?:--.*\n|\s)*(?:CREATE|INSERT|DROP|BEGIN) [A-Z]/, 'is SQL: export the table as CSV'],
];

/**
 * Tells by its content how a file is written.
 * @throws UnknownFormatError when that is not plain
 */
export async function detectFormat(evidence: Evidence, mapper: ColumnMapper): Promise<Format> {
  const { head, whole, index, told } = evidence;
  if (index && !told) return { name: 'blocks', ...index };
  const foreign = told ? undefined : FOREIGN.find(([pattern]) => pattern.test(head));
  if (foreign) throw new UnknownFormatError(foreign[1]);
  const lines = sampleLines(head, whole);
  // An empty file has no rows, whatever it is.
  if (lines.length === 0) return { name: 'jsonl' };
  switch (told) {
    case 'json':
    case 'jsonl':
      return detectJson(head, lines, mapper, told);
    case 'csv':
      return (
        (await detectNamedColumns(lines, mapper)) ??
        (await detectUnnamedColumns(lines, mapper)) ??
        unknownTable(lines)
      );
    case 'blocks':
      return detectBlocks(lines) ?? { name: 'blocks', separator: '%', rot13: false };
    case 'lines':
      return { name: 'lines' };
    default:
      return detect(head, lines, mapper);
  }
}

async function detect(head: string, lines: string[], mapper: ColumnMapper): Promise<Format> {
  if (/^\s*(?:\{\s*["}]|\[\s*["{[\]])/.test(head)) return detectJson(head, lines, mapper);
  return (
    (await detectNamedColumns(lines, mapper)) ??
    detectBlocks(lines) ??
    (await detectUnnamedColumns(lines, mapper)) ??
    detectLines(lines)
  );
}

/** The first lines that are complete. */
function sampleLines(head: string, whole: boolean): string[] {
  const lines = head.split(/\r?\n/);
  if (lines.at(-1) === '' || (!whole && lines.length > 1)) lines.pop();
  return lines.slice(0, SAMPLE_LINES);
}

// JSON

function detectJson(
  head: string,
  lines: string[],
  mapper: ColumnMapper,
  told?: FormatName,
): Format {
  const filled = lines.filter((line) => line.trim() !== '');
  const first = filled[0] ?? '';
  const isObject = first.trimStart().startsWith('{');
  if (told === 'jsonl' || (isObject && filled.length > 1 && filled.some(isJsonObject))) {
    if (told === 'jsonl' || isJsonObject(first) || filled[1]?.startsWith('{"'))
      return { name: 'jsonl' };
  }
  return jsonDocument(head, mapper);
}

/** Where the rows are in a document whose first half, or less, may be the part that is right. */
function jsonDocument(head: string, mapper: ColumnMapper): Format {
  let problem: string | undefined;
  for (let length = head.length; length > 0; length >>= 1) {
    const prefix = parseJsonPrefix(head.slice(0, length));
    if ('reason' in prefix) problem ??= `begins like JSON, but is none: ${prefix.reason}`;
    else {
      const shape = shapeOf(prefix.value, mapper);
      if (shape) return { name: 'json', ...shape };
      if (length - prefix.length > MAX_ROW_BYTES)
        problem ??= 'is JSON whose first row is longer than 64 KiB';
      problem ??=
        `is JSON, but no list of quotes: it has ${describeJson(prefix.value)}. Say which member ` +
        'holds the quote, as in --map quote=text';
    }
  }
  throw new UnknownFormatError(problem ?? 'is empty');
}

function isJsonObject(line: string): boolean {
  try {
    return line.trimStart().startsWith('{') && JSON.parse(line) !== null;
  } catch {
    return false;
  }
}

/** Where the rows are in a JSON value; no path is a row itself. */
function shapeOf(value: unknown, mapper: ColumnMapper): JsonShape | undefined {
  if (Array.isArray(value))
    return isList(value, mapper) ? { path: [null], byAuthor: false } : undefined;
  if (!isMembers(value)) return undefined;
  if (isRow(value, mapper)) return { path: [], byAuthor: false };
  const list = listIn(value, mapper, MAX_JSON_DEPTH);
  if (list) return { path: [...list, null], byAuthor: false };
  const members = Object.values(value);
  if (members.length === 0) return undefined;
  if (members.every((member) => Array.isArray(member) && isList(member, mapper)))
    return { path: [null, null], byAuthor: true };
  if (members.every((member) => isMembers(member) && isRow(member, mapper)))
    return { path: [null], byAuthor: false };
  return undefined;
}

/** The keys that lead to a list of quotes: one of objects, or one of texts whose key says so. */
function listIn(
  value: Record<string, unknown>,
  mapper: ColumnMapper,
  depth: number,
): string[] | undefined {
  const members = Object.entries(value);
  for (const [key, member] of members) {
    if (!Array.isArray(member) || !isList(member, mapper)) continue;
    if (LIST_KEYS.has(key.toLowerCase())) return [key];
    const rows = member.filter(isMembers);
    if (rows.length > 0 && (members.length === 1 || !members.every(([, m]) => Array.isArray(m))))
      return [key];
  }
  if (depth <= 1) return undefined;
  for (const [key, member] of members) {
    const list = isMembers(member) && listIn(member, mapper, depth - 1);
    if (list) return [key, ...list];
  }
  return undefined;
}

const isMembers = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isRow = (value: Record<string, unknown>, mapper: ColumnMapper) =>
  mapper.missing(Object.keys(value)).length === 0;

/** Whether a list holds rows: texts, or objects of which some have the columns. */
function isList(list: unknown[], mapper: ColumnMapper): boolean {
  const isRows = list.some((item) => isMembers(item) && isRow(item, mapper));
  const takesTexts = mapper.missing(['quote']).length === 0;
  return (
    isRows || (takesTexts && list.length > 0 && list.every((item) => typeof item === 'string'))
  );
}

function describeJson(value: unknown): string {
  const sample = Array.isArray(value) ? value[0] : value;
  const what = Array.isArray(value) ? 'items with ' : '';
  if (isMembers(sample)) return what + (names(Object.keys(sample)) || 'nothing in it');
  return Array.isArray(value) ? `items like ${JSON.stringify(sample)?.slice(0, 60)}` : typeof value;
}

// Columns

interface Table {
  dialect: Dialect;
  records: string[][];
  /** Whether every record is well-formed and has as many fields as the first. */
  isEven: boolean;
  /** Whether a quoted field goes on behind the sample. */
  isOpen: boolean;
}

async function tablesOf(lines: string[]): Promise<Table[]> {
  const named = namedDelimiter(lines[0] ?? '');
  return Promise.all((named ? [named] : DELIMITERS).map((delimiter) => tableOf(lines, delimiter)));
}

/** Quotes are what RFC 4180 says, unless most of them are mere characters of even lines. */
async function tableOf(lines: string[], delimiter: string): Promise<Table> {
  const quoted = await parse(lines, { delimiter, quoting: true });
  if (quoted.isEven && !quoted.isOpen) return quoted;
  const plain = await parse(lines, { delimiter, quoting: false });
  const marked = plain.records.flat().filter((field) => field.includes('"'));
  const enclosed = marked.filter((field) => /^\s*".*"\s*$/.test(field));
  const isTable = plain.isEven && (plain.records[0]?.length ?? 0) > 1;
  return isTable && enclosed.length * 2 < marked.length ? plain : quoted;
}

async function parse(lines: string[], dialect: Dialect): Promise<Table> {
  const records: string[][] = [];
  let broken = 0;
  let isOpen = false;
  const batch = lines.map((text, index): Line => ({ number: index + 1, text, truncated: false }));
  for await (const record of readRecords(once(batch), dialect)) {
    if ('fields' in record) records.push(record.fields);
    else if (record.reason.includes('not closed')) isOpen = true;
    else broken += 1;
  }
  const width = records[0]?.length;
  return {
    dialect,
    records,
    isEven: broken === 0 && records.every(({ length }) => length === width),
    isOpen,
  };
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function detectNamedColumns(
  lines: string[],
  mapper: ColumnMapper,
): Promise<Format | undefined> {
  if (mapper.isNumbered) return undefined;
  const named = ({ records: [header = []] }: Table) => header.filter((name) => name !== '').length;
  const [table] = (await tablesOf(lines))
    .filter(({ records: [header] }) => header && isHeader(header, mapper))
    .sort((a, b) => named(b) - named(a));
  if (!table) return undefined;
  const header = table.records[0]?.map((name) => name.trim()) ?? [];
  // In a table of one column, no character delimits fields.
  if (header.length === 1) return { name: 'csv', delimiter: '\n', quoting: true };
  const used = [...mapper.assign(header).columns.values()];
  const twice = used.find((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (twice !== undefined) throw new UnknownFormatError(`has two columns "${twice}": rename one`);
  return { name: 'csv', ...table.dialect };
}

function isHeader(fields: readonly string[], mapper: ColumnMapper): boolean {
  const header = fields.map((name) => name.trim());
  return (
    header.every(({ length }) => length <= MAX_NAME_LENGTH) && mapper.missing(header).length === 0
  );
}

/** A table without a header whose columns tell what they are, or whose columns the user tells. */
async function detectUnnamedColumns(
  lines: string[],
  mapper: ColumnMapper,
): Promise<Format | undefined> {
  const tables = (await tablesOf(lines)).filter(
    ({ records, isEven }) => isEven && (records[0]?.length ?? 0) > 1,
  );
  for (const { dialect, records } of tables) {
    const width = records[0]?.length ?? 0;
    const header = mapper.isNumbered
      ? Array.from({ length: width }, (_, column) => String(column + 1))
      : mapper.missing(['quote']).length === 0 && guessHeader(records, lines, dialect);
    if (header && mapper.missing(header).length === 0) return { name: 'csv', ...dialect, header };
  }
  // Commas and semicolons stand in prose too; other delimiters show that this is a table.
  const isTable = ({ dialect, records }: Table) =>
    records.length > 1 && (namedDelimiter(lines[0] ?? '') || !',;'.includes(dialect.delimiter));
  const table =
    tables.find(isTable) ??
    tables.find(({ records }) => (records[0]?.length ?? 0) > 2 && looksNamed(records[0] ?? []));
  if (table) return unknownTable(lines, table);
  return undefined;
}

/** Short words without any punctuation: names of columns rather than a sentence. */
const looksNamed = (fields: readonly string[]) =>
  fields.every((field) => /^[\p{L}\p{N} _#-]{0,24}$/u.test(field.trim()));

const TIME = /^\d{1,2}:\d{2}$/;
const TIME_TABLE = ['time', 'time phrase', 'quote', 'title', 'author'];
const MAX_NAME_WORDS = 5;

/** Names for the columns of a table without a header, if it is plain what they hold. */
function guessHeader(
  records: readonly string[][],
  lines: readonly string[],
  { delimiter }: Dialect,
): string[] | undefined {
  const width = records[0]?.length ?? 0;
  if (width >= TIME_TABLE.length && records.every(([time = '']) => TIME.test(time.trim())))
    return Array.from({ length: width }, (_, column) => TIME_TABLE[column] ?? String(column + 1));
  if (width !== 2 || records.length < 2) return undefined;
  // A sentence may have one comma or semicolon; two fields in quotes are a table.
  if (',;'.includes(delimiter) && !lines.every((line) => line.startsWith('"'))) return undefined;
  const isNames = (column: number) =>
    records.every((record) => {
      const words = record[column]?.trim().split(/\s+/) ?? [];
      return words.length <= MAX_NAME_WORDS && /^(?:$|[\p{Lu}\p{Lo}])/u.test(words[0] ?? '');
    });
  const length = (column: number) =>
    records.reduce((sum, record) => sum + (record[column]?.length ?? 0), 0);
  if (isNames(1) && length(0) > 2 * length(1)) return ['quote', 'author'];
  return isNames(0) && length(1) > 2 * length(0) ? ['author', 'quote'] : undefined;
}

function unknownTable(lines: readonly string[], table?: Table): never {
  const fields = table?.records[0] ?? [lines[0] ?? ''];
  throw new UnknownFormatError(
    `is a table of ${fields.length} columns, the first row ${names(fields)}, and none is known to ` +
      'hold the quote. Say which, by its name as in --map quote=text, or by its number as in ' +
      '--map quote=1 if no row has names',
  );
}

const names = (fields: readonly string[]) =>
  fields
    .map((field) => JSON.stringify(field.length > 40 ? `${field.slice(0, 39)}…` : field))
    .join(', ');

// Text

function detectBlocks(lines: string[]): Format | undefined {
  const counts = SEPARATORS.map((separator) => ({
    separator,
    count: lines.filter((line) => isSeparator(line, separator)).length,
  }));
  const [most] = counts.sort((a, b) => b.count - a.count);
  return most && most.count > 0
    ? { name: 'blocks', separator: most.separator, rot13: false }
    : undefined;
}

/** If so many lines end as a sentence does, each is a quote. */
const COMPLETE_SHARE = 0.8;

/** If so many lines of others begin small or end in a comma, they are no quotes. */
const OPEN_SHARE = 0.2;

const OTHERWISE =
  'Put a line that holds only % between the quotes, or say --format lines if each line is one';

/** One quote a line, unless the lines go on from one to the next. */
function detectLines(lines: string[]): Format {
  const filled = lines.filter((line) => line.trim() !== '');
  const share = (isSo: (line: string) => boolean) => filled.filter(isSo).length / filled.length;
  const isComplete = (line: string) =>
    /[.!?…。！？؟۔।"”»'’)\]]\s*$/.test(line) || parseAttribution(line, ['dash']) !== undefined;
  if (filled.length > 1 && share(isComplete) < COMPLETE_SHARE) {
    if (share((line) => /^\s*(?:- )?["']?[\w-]+["']?\s*[:=](?:\s|$)/.test(line)) > 0.5)
      throw new UnknownFormatError(`looks like settings or YAML. ${OTHERWISE}`);
    const goesOn = (line: string) => /^\s*["“'(]*\p{Ll}/u.test(line) || /[,;]\s*$/.test(line);
    if (share(goesOn) > OPEN_SHARE)
      throw new UnknownFormatError(
        `looks like running text or verse, whose lines go on from one to the next. ${OTHERWISE}`,
      );
  }
  return { name: 'lines' };
}
