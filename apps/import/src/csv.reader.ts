import { type Line, MAX_ROW_BYTES } from './line.reader.ts';
import type { Row, UnreadableRow } from './row.model.ts';

/** How a file of separated values is written. */
export interface Dialect {
  delimiter: string;
  /** Whether a field may stand in quotes (RFC 4180); else a quote is a character like others. */
  quoting: boolean;
}

/** A record of a CSV file: its fields, or why it has none. */
export type CsvRecord = { line: number; fields: string[] } | UnreadableRow;

/** What Excel reads, and some write, before the header: `sep=;`. */
const SEPARATOR_LINE = /^sep=(.+)$/i;

/** The delimiter that the first line of a file names, as Excel has it. */
export function namedDelimiter(firstLine: string): string | undefined {
  return SEPARATOR_LINE.exec(firstLine)?.[1];
}

/**
 * Reads separated values. An empty field is undefined, since CSV knows no null; blank lines are
 * skipped, and so is the rule of a table in Markdown. A malformed record costs itself and the lines
 * that it spans, no others.
 * @param header the names of the columns; without it, the first record has them
 */
export async function* readCsv(
  batches: AsyncIterable<Line[]>,
  dialect: Dialect,
  header?: readonly string[],
): AsyncGenerator<Row> {
  let names = header;
  for await (const record of readRecords(batches, dialect)) {
    if ('reason' in record) yield record;
    else if (isRule(record.fields, dialect)) continue;
    else if (!names) names = record.fields.map((name) => name.trim());
    else yield toRow(names, record, dialect);
  }
}

/** The names of the columns: the fields of the first record that can be read. */
export async function readHeader(
  batches: AsyncIterable<Line[]>,
  dialect: Dialect,
): Promise<string[]> {
  for await (const record of readRecords(batches, dialect))
    if ('fields' in record) return record.fields.map((name) => name.trim());
  return [];
}

/** Whether a record is the rule below the header of a table in Markdown: `|---|:-:|`. */
function isRule(fields: readonly string[], { delimiter }: Dialect): boolean {
  const isDashes = (field: string) => /^\s*(?:-{3,}|:-+:?|-+:)\s*$/.test(field);
  return (
    delimiter === '|' &&
    fields.some(isDashes) &&
    fields.every((field) => isDashes(field) || field.trim() === '')
  );
}

function toRow(
  header: readonly string[],
  { line, fields }: { line: number; fields: readonly string[] },
  { delimiter }: Dialect,
): Row {
  if (fields.length !== header.length) {
    const reason = `has ${fields.length} fields where the header has ${header.length}`;
    return { line, reason, text: fields.join(delimiter) };
  }
  const value: Record<string, string | undefined> = {};
  header.forEach((name, column) => {
    value[name] = fields[column] || undefined;
  });
  return { line, value };
}

/** The records of a file, that with the names of the columns among them. */
export async function* readRecords(
  batches: AsyncIterable<Line[]>,
  dialect: Dialect,
): AsyncGenerator<CsvRecord> {
  const parse = recordParser(dialect);
  let start = 0;
  let last = 0;
  let text = '';
  for await (const lines of batches) {
    for (const line of lines) {
      last = line.number;
      if (line.number === 1 && namedDelimiter(line.text)) continue;
      if (start === 0 && line.text.trim() === '') continue;
      text = start > 0 ? `${text}\n${line.text}` : line.text;
      const fields = outcome(text, line, start > 0, parse);
      start ||= line.number;
      if (fields === 'open') continue;
      yield typeof fields === 'string'
        ? { line: start, reason: explain(fields, start, line.number), text: excerpt(text, fields) }
        : { line: start, fields };
      start = 0;
    }
  }
  if (start > 0) yield { line: start, reason: explain('open', start, last), text };
}

type Parsed = string[] | 'open' | 'broken';

function outcome(
  text: string,
  last: Line,
  open: boolean,
  parse: (text: string) => Parsed,
): Parsed | 'long' {
  if (last.truncated || text.length > MAX_ROW_BYTES) return 'long';
  // Only a quote can end a quoted field, so that most lines of a long field need no parsing.
  return open && !last.text.includes('"') ? 'open' : parse(text);
}

const excerpt = (text: string, problem: 'long' | 'broken') =>
  problem === 'broken' ? text : undefined;

const PROBLEMS = {
  long: 'is longer than 64 KiB',
  broken: 'has a quote out of place',
  open: 'has a quoted field that is not closed before the end of the file',
} as const;

function explain(problem: keyof typeof PROBLEMS, start: number, end: number): string {
  return PROBLEMS[problem] + (end > start ? ` (lines up to ${end} skipped)` : '');
}

/** Parses one record; the parser answers `open` when a quoted field goes on after the text. */
function recordParser({ delimiter, quoting }: Dialect): (text: string) => Parsed {
  if (!quoting) return (text) => text.split(delimiter);
  const literal = delimiter.replace(/\W/g, '\\$&');
  const end = `(${literal}|$)`;
  const plain = delimiter.length === 1 ? `[^"${literal}]*` : `(?:(?!${literal})[^"])*`;
  const quoted = '[ ]*"([^"]*(?:""[^"]*)*)';
  const field = new RegExp(`(?:${quoted}"[ ]*|(${plain}))${end}`, 'y');
  const openField = new RegExp(`${quoted}$`, 'y');
  return (text) => {
    const fields: string[] = [];
    field.lastIndex = 0;
    for (;;) {
      const from = field.lastIndex;
      const match = field.exec(text);
      if (!match) {
        openField.lastIndex = from;
        return openField.test(text) ? 'open' : 'broken';
      }
      const [, inner, bare = '', separator] = match;
      fields.push(inner === undefined ? bare : inner.replaceAll('""', '"'));
      if (separator === '') return fields;
    }
  };
}
