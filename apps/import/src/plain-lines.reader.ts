import type { Line } from './line.reader.ts';
import type { Row } from './row.model.ts';

/** Reads one quote a line; blank lines are skipped, and quotation marks around a line go. */
export async function* readPlainLines(batches: AsyncIterable<Line[]>): AsyncGenerator<Row> {
  for await (const lines of batches) {
    for (const { number, text, truncated } of lines) {
      if (truncated) yield { line: number, reason: 'is longer than 64 KiB' };
      else if (text.trim() !== '') yield { line: number, value: unquote(text.trim()) };
    }
  }
}

const MARKS = [/^"([^"]+)"$/, /^“([^“”]+)”$/, /^«\s*([^«»]+?)\s*»$/, /^„([^„“”]+)[“”]$/];

/** A text without the quotation marks that stand around all of it. */
export function unquote(text: string): string {
  for (const pair of MARKS) {
    const inner = pair.exec(text)?.[1];
    if (inner !== undefined) return inner;
  }
  return text;
}
