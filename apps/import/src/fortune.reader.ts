import { type Line, MAX_ROW_BYTES } from './line.reader.ts';
import type { Row } from './row.model.ts';

/** Combining characters for the marks that were struck over a letter to accent it. */
const ACCENTS: Readonly<Record<string, string>> = {
  "'": '\u0301',
  '`': '\u0300',
  '^': '\u0302',
  '"': '\u0308',
  '~': '\u0303',
  ',': '\u0327',
};

/**
 * Reads a fortune file as strfile(1) defines it: quotes separated by lines that hold only `%`, here
 * also with blanks after it. An empty part before the first or after the last `%` is no quote; an
 * empty part between two of them is a row without text.
 */
export async function* readFortunes(batches: AsyncIterable<Line[]>): AsyncGenerator<Row> {
  let entry: string[] = [];
  let length = 0;
  let start = 1;
  const row = (): Row =>
    length > MAX_ROW_BYTES
      ? { line: start, reason: 'is longer than 64 KiB' }
      : { line: start, value: { quote: resolveOverstrikes(entry.join('\n')) } };
  const blank = () => entry.every((text) => text.trim() === '');
  for await (const lines of batches) {
    for (const { number, text } of lines) {
      if (text.trimEnd() === '%') {
        if (start > 1 || !blank()) yield row();
        entry = [];
        length = 0;
        start = number + 1;
      } else {
        if (length <= MAX_ROW_BYTES) entry.push(text);
        length += text.length + 1;
      }
    }
  }
  if (!blank()) yield row();
}

/**
 * Text with backspaces as a printer shows it: the letter struck last, without underlining (as col
 * -b does it); an accent struck over a letter, in either order, is joined with it.
 */
export function resolveOverstrikes(text: string): string {
  if (!text.includes('\b')) return text;
  return text.split('\n').map(resolveLine).join('\n');
}

function resolveLine(line: string): string {
  const cells: string[] = [];
  let column = 0;
  for (const letter of line) {
    if (letter === '\b') column = Math.max(0, column - 1);
    else {
      cells[column] = strike(cells[column], letter);
      column += 1;
    }
  }
  return cells.join('');
}

function strike(under: string | undefined, over: string): string {
  if (under === undefined || under === '_' || under === ' ') return over;
  if (over === '_' || over === ' ') return under;
  return accented(over, under) ?? accented(under, over) ?? over;
}

function accented(letter: string, mark: string): string | undefined {
  const composed = (letter + (ACCENTS[mark] ?? '')).normalize('NFC');
  return mark in ACCENTS && /^\p{L}$/u.test(composed) ? composed : undefined;
}
