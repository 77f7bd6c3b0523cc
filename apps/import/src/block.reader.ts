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

/** How a file of blocks is written. */
export interface BlockFormat {
  /** What stands alone on the lines between two quotes; of dashes, three or more. */
  separator: string;
  /** Whether the letters are shifted by 13 places, as strfile(1) notes it in the index. */
  rot13: boolean;
}

/** Whether a line separates two blocks. */
export function isSeparator(text: string, separator: string): boolean {
  const mark = text.trimEnd();
  return separator === '---' ? /^-{3,}$/.test(mark) : mark === separator;
}

/**
 * Reads blocks of lines that are separated by a line of their own, as strfile(1) defines it for
 * fortune files. An empty part before the first or after the last separator is no quote; an empty
 * part between two of them is a row without text.
 */
export async function* readBlocks(
  batches: AsyncIterable<Line[]>,
  { separator, rot13 }: BlockFormat,
): AsyncGenerator<Row> {
  let entry: string[] = [];
  let length = 0;
  let start = 1;
  const row = (): Row => {
    if (length > MAX_ROW_BYTES) return { line: start, reason: 'is longer than 64 KiB' };
    const text = entry.join('\n');
    return { line: start, value: resolveOverstrikes(rot13 ? rotated(text) : text) };
  };
  const blank = () => entry.every((text) => text.trim() === '');
  for await (const lines of batches) {
    for (const { number, text } of lines) {
      if (isSeparator(text, separator)) {
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

function rotated(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const code = letter.charCodeAt(0);
    return String.fromCharCode((code & 31) > 13 ? code - 13 : code + 13);
  });
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
