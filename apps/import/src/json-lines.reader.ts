import type { Line } from './line.reader.ts';
import type { Row } from './row.model.ts';

/** Reads JSON Lines (jsonlines.org): one JSON value per line; blank lines are skipped. */
export async function* readJsonLines(batches: AsyncIterable<Line[]>): AsyncGenerator<Row> {
  for await (const lines of batches) {
    for (const { number, text, truncated } of lines) {
      if (truncated) yield { line: number, reason: 'is longer than 64 KiB' };
      else if (text.trim() !== '') yield { line: number, ...parseJson(text) };
    }
  }
}

/** The value of a JSON text, or why it has none. */
export function parseJson(text: string): { value: unknown } | { reason: string; text: string } {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { reason: 'is not valid JSON', text };
  }
}
