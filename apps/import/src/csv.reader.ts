import { type Line, MAX_ROW_BYTES } from './line.reader.ts';
import type { Row } from './row.model.ts';

/** A record of a CSV file: its fields, or why it has none. */
type CsvRecord = { line: number; fields: string[] } | { line: number; reason: string };

const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|$)/y;
const OPEN_FIELD = /"[^"]*(?:""[^"]*)*$/y;

/**
 * Reads CSV (RFC 4180) whose first record names the columns. An empty field is an absent one, since
 * CSV knows no null; blank lines are skipped. A malformed record costs itself and the lines that it
 * spans, no others.
 */
export async function* readCsv(batches: AsyncIterable<Line[]>): AsyncGenerator<Row> {
  let header: string[] | undefined;
  for await (const record of readRecords(batches)) {
    if ('reason' in record) yield record;
    else if (!header) header = record.fields.map((name) => name.trim());
    else yield toRow(header, record.line, record.fields);
  }
}

/**
 * The column names of a CSV file that starts with these lines, or undefined when there are none.
 */
export async function readHeader(batches: AsyncIterable<Line[]>): Promise<string[] | undefined> {
  for await (const record of readRecords(batches)) {
    return 'fields' in record ? record.fields.map((name) => name.trim()) : undefined;
  }
  return undefined;
}

function toRow(header: readonly string[], line: number, fields: readonly string[]): Row {
  if (fields.length !== header.length) {
    return { line, reason: `has ${fields.length} fields where the header has ${header.length}` };
  }
  const pairs = header.map((name, column) => [name, fields[column]] as const);
  return { line, value: Object.fromEntries(pairs.filter(([, field]) => field !== '')) };
}

async function* readRecords(batches: AsyncIterable<Line[]>): AsyncGenerator<CsvRecord> {
  let start = 0;
  let text = '';
  for await (const lines of batches) {
    for (const line of lines) {
      if (start === 0 && line.text.trim() === '') continue;
      text = start > 0 ? `${text}\n${line.text}` : line.text;
      const fields = outcome(text, line, start > 0);
      start ||= line.number;
      if (fields === 'open') continue;
      yield typeof fields === 'string'
        ? { line: start, reason: explain(fields, start, line) }
        : { line: start, fields };
      start = 0;
    }
  }
  if (start > 0)
    yield {
      line: start,
      reason: 'has a quoted field that is not closed before the end of the file',
    };
}

function outcome(text: string, last: Line, open: boolean): string[] | 'open' | 'broken' | 'long' {
  if (last.truncated || text.length > MAX_ROW_BYTES) return 'long';
  // Only a quote can end a quoted field, so that most lines of a long field need no parsing.
  return open && !last.text.includes('"') ? 'open' : parse(text);
}

function explain(problem: 'long' | 'broken', start: number, { number }: Line): string {
  const reason = problem === 'long' ? 'is longer than 64 KiB' : 'has a quote out of place';
  return number > start ? `${reason} (lines up to ${number} skipped)` : reason;
}

/** The fields of one record; `open` when a quoted field goes on after the text. */
function parse(text: string): string[] | 'open' | 'broken' {
  const fields: string[] = [];
  FIELD.lastIndex = 0;
  for (;;) {
    const from = FIELD.lastIndex;
    const match = FIELD.exec(text);
    if (!match) {
      OPEN_FIELD.lastIndex = from;
      return OPEN_FIELD.test(text) ? 'open' : 'broken';
    }
    const [, quoted, plain = '', separator] = match;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (separator === '') return fields;
  }
}
