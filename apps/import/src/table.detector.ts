import type { ColumnMapper } from './column.mapper.ts';
import { type Dialect, namedDelimiter, readRecords } from './csv.reader.ts';
import type { Line } from './line.reader.ts';
import type { Format } from './row.reader.ts';
import { quotedNames, UnknownFormatError } from './unknown-format.error.ts';

/** Characters that no name of a column behind a comma and a blank has more of. */
const MAX_NAME_LENGTH = 64;

/** If so many records have the same number of fields, more than one, this is a table. */
const EVEN_SHARE = 2 / 3;

const ONE_COLUMN = '\n';
const DELIMITERS = ['||', '\t', '|', ';', ','];

interface Table {
  dialect: Dialect;
  records: string[][];
  /** The number of fields that most records have. */
  width: number;
  /** The share of the records that are well-formed and of this width. */
  share: number;
  /** Whether a quoted field goes on behind the sample. */
  isOpen: boolean;
}

/**
 * A table whose header names the columns that are needed.
 * @throws UnknownFormatError when one of them is there twice
 */
export async function detectNamedColumns(
  lines: string[],
  mapper: ColumnMapper,
): Promise<Format | undefined> {
  if (mapper.isNumbered) return undefined;
  const named = ({ records: [header = []] }: Table) => header.filter((name) => name !== '').length;
  const [table] = (await tablesOf(lines))
    .filter((candidate) => hasHeader(candidate, mapper))
    .sort((a, b) => named(b) - named(a));
  if (!table) return undefined;
  const header = table.records[0]?.map((name) => name.trim()) ?? [];
  // In a table of one column, no character delimits fields.
  if (header.length === 1) return { name: 'csv', ...(await tableOf(lines, ONE_COLUMN)).dialect };
  const used = [...mapper.assign(header).columns.values()];
  const twice = used.find((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (twice !== undefined) throw new UnknownFormatError(`has two columns "${twice}": rename one`);
  return { name: 'csv', ...table.dialect };
}

/**
 * A table without a header whose columns tell what they are, or whose columns the user tells.
 * @throws UnknownFormatError when it is a table, but not known which column holds the quote
 */
export async function detectUnnamedColumns(
  lines: string[],
  mapper: ColumnMapper,
): Promise<Format | undefined> {
  const tables = (await tablesOf(lines)).filter(
    // What is indented by tabs is no table, however even it is.
    (table) => table.share >= EVEN_SHARE && evenRecords(table).some(hasFields),
  );
  for (const table of tables) {
    const { dialect, width } = table;
    const header = mapper.isNumbered
      ? Array.from({ length: width }, (_, column) => String(column + 1))
      : mapper.missing(['quote']).length === 0 && guessHeader(table, lines);
    if (header && mapper.missing(header).length === 0) return { name: 'csv', ...dialect, header };
  }
  const table = tables.find((candidate) => isTable(candidate, lines));
  if (!table) return undefined;
  const [before] = table.records;
  const [first = []] = evenRecords(table);
  if (before !== first && mapper.missing(first.map((name) => name.trim())).length === 0)
    throw new UnknownFormatError(
      `has a line before the names of its columns, ${quotedNames(before ?? [])}: take it away`,
    );
  return unknownTable(first);
}

/** @throws UnknownFormatError always: this is the first row of a table that is not known */
export function unknownTable(fields: readonly string[]): never {
  throw new UnknownFormatError(
    `is a table of ${fields.length} columns, the first row ${quotedNames(fields)}, and none is ` +
      'known to hold the quote. Say which, by its name as in --map quote=text, or by its number ' +
      'as in --map quote=1 if no row has names; or --format lines if each line is a quote',
  );
}

async function tablesOf(lines: string[]): Promise<Table[]> {
  const named = namedDelimiter(lines[0] ?? '');
  return Promise.all((named ? [named] : DELIMITERS).map((delimiter) => tableOf(lines, delimiter)));
}

/** Quotes are what RFC 4180 says, unless most of them are mere characters of even lines. */
async function tableOf(lines: string[], delimiter: string): Promise<Table> {
  const quoted = await parse(lines, { delimiter, quoting: true });
  if (quoted.share === 1 && !quoted.isOpen) return quoted;
  const plain = await parse(lines, { delimiter, quoting: false });
  const marked = plain.records.flat().filter((field) => field.includes('"'));
  const enclosed = marked.filter((field) => /^\s*".*"\s*$/.test(field));
  const isEvenTable = plain.share === 1 && (plain.width > 1 || delimiter === ONE_COLUMN);
  return isEvenTable && enclosed.length * 2 < marked.length ? plain : quoted;
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
  const counts = new Map<number, number>();
  for (const { length } of records) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [[width, count] = [0, 0]] = [...counts].sort(([, a], [, b]) => b - a);
  return { dialect, records, width, share: count / (records.length + broken), isOpen };
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

const evenRecords = ({ records, width }: Table) => records.filter(({ length }) => length === width);

const hasFields = (fields: readonly string[]) =>
  fields.filter((field) => field.trim() !== '').length > 1;

/** Whether the first record names the columns that are needed, and is no text. */
function hasHeader({ records, dialect }: Table, mapper: ColumnMapper): boolean {
  const header = records[0]?.map((name) => name.trim()) ?? [];
  if (header.length === 0 || mapper.missing(header).length > 0) return false;
  if (mapper.isTold) return true;
  const { columns, ignored } = mapper.assign(header);
  if ([...columns.values()].some((name) => /^#|[.:!?]$/.test(name))) return false;
  if (ignored.length === 0 || !',;'.includes(dialect.delimiter)) return true;
  // Words of a sentence may be names of columns: of "Body, mind, and soul." one is.
  const isText = (name: string) =>
    name.startsWith(' ') &&
    (records.length === 1 || name.length > MAX_NAME_LENGTH || /[.!]$/.test(name.trim()));
  const alike = records.filter(({ length }) => length === header.length).length;
  return alike * 2 >= records.length && !records[0]?.some(isText);
}

/** Short words without any punctuation: names of columns rather than a sentence. */
const looksNamed = (fields: readonly string[]) =>
  fields.every((field) => /^[\p{L}\p{N} _#-]{0,24}$/u.test(field.trim()));

/**
 * Whether lines are the records of a table rather than texts: commas and semicolons stand in texts
 * too, but there a blank or the end of a quotation stands behind them.
 */
function isTable(table: Table, lines: readonly string[]): boolean {
  const { dialect, records, width } = table;
  const { delimiter } = dialect;
  if (records.length > 1 && (namedDelimiter(lines[0] ?? '') || !',;'.includes(delimiter)))
    return true;
  if (width > 2 && looksNamed(evenRecords(table)[0] ?? [])) return true;
  const field = '"?[^\\s\\d"”’»\')\\]]';
  const tight = new RegExp(`${delimiter}(?=${field})|(?<!\\d)${delimiter}(?="?\\d)`);
  const delimited = lines.filter((line) => tight.test(line)).length;
  return records.length > 1 && delimited >= records.length * EVEN_SHARE;
}

const TIME = /^\d{1,2}:\d{2}$/;
const TIME_TABLE = ['time', 'time phrase', 'quote', 'title', 'author'];
const MAX_NAME_WORDS = 5;

/** Names for the columns of a table without a header, if it is plain what they hold. */
function guessHeader(table: Table, lines: readonly string[]): string[] | undefined {
  const { width, dialect } = table;
  const records = evenRecords(table);
  if (width >= TIME_TABLE.length && records.every(([time = '']) => TIME.test(time.trim())))
    return Array.from({ length: width }, (_, column) => TIME_TABLE[column] ?? String(column + 1));
  if (width !== 2 || records.length < 2) return undefined;
  // A sentence may have one comma or semicolon; two fields in quotes are a table.
  const inQuotes = lines.filter((line) => line.startsWith('"')).length;
  if (',;'.includes(dialect.delimiter) && inQuotes < table.records.length) return undefined;
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
