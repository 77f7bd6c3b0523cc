import type { BlockFormat } from './block.reader.ts';
import type { ColumnMapper } from './column.mapper.ts';
import { detectJson, detectJsonStrings, looksLikeJson } from './json.detector.ts';
import type { Format, FormatName } from './row.reader.ts';
import { detectNamedColumns, detectUnnamedColumns, unknownTable } from './table.detector.ts';
import { detectBlocks, detectLines } from './text.detector.ts';
import { UnknownFormatError } from './unknown-format.error.ts';

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

const IS_SQL = 'is SQL: export the table as CSV';

/** How files begin that hold no rows that could be read. */
const FOREIGN: readonly [RegExp, string][] = [
  [/^PK\p{Cc}{2}/u, 'is a spreadsheet or a ZIP archive: save the table as CSV, or unpack it'],
  [/^%PDF-/, 'is a PDF: save its text, with a line of % between quotes'],
  [/^\{\\rtf/, 'is RTF: save its text, with a line of % between quotes'],
  [/^(?:\xfd7zXZ|BZh\d|\(\xb5\/\xfd|Rar!|7z\xbc)/, 'is packed: unpack it first'],
  [/^SQLite format 3/, 'is a database: export the table as CSV'],
  [/\0/, 'is not text: it has zero bytes; if it is UTF-16, save it with a byte order mark'],
  [/^\s*<(?:!|\?|[a-z].*<\/)/is, 'is HTML or XML: save the quotes as CSV or JSON'],
  [/^(?:--.*\n|\/\*(?:[^*]|\*(?!\/))*\*\/;?|\s)*(?:CREATE|INSERT|DROP|BEGIN) [A-Z]/, IS_SQL],
  [/^(?:--.*\n|\s)*(?:SET \w+ ?=|insert into |create table )/, IS_SQL],
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
        unknownTable([lines[0] ?? ''])
      );
    case 'blocks':
      return (
        detectBlocks(lines, ['%', '%%']) ??
        detectBlocks(lines, ['---']) ?? { name: 'blocks', separator: '%', rot13: false }
      );
    case 'lines':
      return { name: 'lines' };
    default:
      return detect(head, lines, mapper);
  }
}

async function detect(head: string, lines: string[], mapper: ColumnMapper): Promise<Format> {
  if (looksLikeJson(head)) return detectJson(head, lines, mapper);
  const blocks = detectBlocks(lines, ['%', '%%']);
  if (blocks) return blocks;
  const table = await detectNamedColumns(lines, mapper);
  // The name of a single column may be the title of a text, if a blank line stands below it.
  const isTitle = table?.name === 'csv' && table.delimiter === '\n' && lines[1]?.trim() === '';
  if (isTitle && lines.length > 2) detectLines(lines.slice(2));
  return (
    table ??
    // Rules of dashes stand in texts and tables too, so that they say less than the other marks.
    detectBlocks(lines, ['---'], 2) ??
    detectJsonStrings(lines) ??
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
