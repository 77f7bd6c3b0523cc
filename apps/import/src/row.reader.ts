import { extname } from 'node:path';
import { readCsv } from './csv.reader.ts';
import { readFortunes } from './fortune.reader.ts';
import { readJsonLines } from './json-lines.reader.ts';
import type { Line } from './line.reader.ts';
import type { Row } from './row.model.ts';

/** How the rows of a file are written. */
export type Format = 'csv' | 'json-lines' | 'fortune';

/** The format of a file, by its name. */
export function formatOf(path: string): Format {
  const extension = extname(path).toLowerCase();
  if (extension === '.csv') return 'csv';
  return ['.jsonl', '.ndjson', '.json'].includes(extension) ? 'json-lines' : 'fortune';
}

/** Reads the rows of a file. */
export function readRows(format: Format, lines: AsyncIterable<Line[]>): AsyncGenerator<Row> {
  if (format === 'csv') return readCsv(lines);
  return format === 'json-lines' ? readJsonLines(lines) : readFortunes(lines);
}
