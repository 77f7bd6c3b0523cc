import { type BlockFormat, readBlocks } from './block.reader.ts';
import { type Dialect, readCsv } from './csv.reader.ts';
import { type JsonShape, readJson } from './json.reader.ts';
import { readJsonLines } from './json-lines.reader.ts';
import { readLines } from './line.reader.ts';
import { readPlainLines } from './plain-lines.reader.ts';
import type { Row } from './row.model.ts';
import { quotedNames } from './unknown-format.error.ts';

/** The names of formats, as `--format` takes them. */
export const FORMAT_NAMES = ['json', 'jsonl', 'csv', 'blocks', 'lines'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** How the rows of a file are written. */
export type Format =
  | ({ name: 'json' } & JsonShape)
  | { name: 'jsonl' }
  | ({ name: 'csv'; header?: readonly string[] } & Dialect)
  | ({ name: 'blocks' } & BlockFormat)
  | { name: 'lines' };

/** Reads the rows of a file. */
export function readRows(format: Format, chunks: AsyncIterable<Buffer>): AsyncGenerator<Row> {
  switch (format.name) {
    case 'json':
      return readJson(chunks, format);
    case 'jsonl':
      return readJsonLines(readLines(chunks));
    case 'csv':
      return readCsv(readLines(chunks), format, format.header);
    case 'blocks':
      return readBlocks(readLines(chunks), format);
    case 'lines':
      return readPlainLines(readLines(chunks));
  }
}

const DELIMITERS: Readonly<Record<string, string>> = {
  '\n': 'of one column',
  ',': 'with commas',
  ';': 'with semicolons',
  '\t': 'with tabs',
  '|': 'with bars',
  '||': 'with double bars',
};

/** What a file was taken for, in words. */
export function describeFormat(format: Format): string {
  switch (format.name) {
    case 'json':
      return describeJson(format);
    case 'jsonl':
      return 'JSON Lines';
    case 'csv': {
      const delimiter = DELIMITERS[format.delimiter] ?? `with "${format.delimiter}"`;
      return `CSV ${delimiter}${format.header ? ', without a header' : ''}`;
    }
    case 'blocks':
      return `blocks between lines of ${format.separator}${format.rot13 ? ', ROT13' : ''}`;
    case 'lines':
      return 'one quote a line';
  }
}

function describeJson({ path, byAuthor, beside = [] }: JsonShape): string {
  if (byAuthor) return 'a JSON object of authors';
  if (path.length === 0) return 'a JSON object';
  const keys = path.flatMap((step) => (typeof step === 'object' ? [step.key] : []));
  if (keys.length === 0) return 'a JSON list';
  const others = beside.length > 0 ? ` and not in ${quotedNames(beside)}` : '';
  return `a JSON object, the list in its ${quotedNames([keys.join('.')])}${others}`;
}
