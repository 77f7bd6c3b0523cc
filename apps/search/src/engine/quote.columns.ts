import { type Bitmap, hasBit } from './bitmap.ts';
import type { Numbers } from './narrow.numbers.ts';

/** What a quote is selected by. Names are numbers of a NameTable. */
export interface QuoteRow {
  user: number;
  author: number;
  /** See languageNumber(). */
  lang: number;
  /** Different names. */
  tags: readonly number[];
  /** Unicode code points of the text. */
  characters: number;
  /** Tells this version of the quote from others: the CRC-32 of its stored JSON. */
  checksum: number;
}

/** The rows of many quotes by column, so that a million of them take a few flat arrays. */
export interface QuoteColumns {
  users: Numbers;
  authors: Numbers;
  langs: Uint16Array;
  characters: Uint16Array;
  checksums: Uint32Array;
  /** The tags of quote d in `tags` are those from `tagStarts[d]` to `tagStarts[d + 1]`. */
  tagStarts: Uint32Array;
  tags: Numbers;
}

type Source = QuoteColumns & { size: number; liveDocs: Bitmap };

export function buildColumns(rows: readonly QuoteRow[]): QuoteColumns {
  const columns = allocate(
    rows.length,
    rows.reduce((sum, { tags }) => sum + tags.length, 0),
  );
  rows.forEach((row, d) => {
    columns.users[d] = row.user;
    columns.authors[d] = row.author;
    columns.langs[d] = row.lang;
    columns.characters[d] = row.characters;
    columns.checksums[d] = row.checksum;
    const start = columns.tagStarts[d] as number;
    columns.tags.set(row.tags, start);
    columns.tagStarts[d + 1] = start + row.tags.length;
  });
  return columns;
}

/**
 * Copies the live rows of several segments, in their order.
 * @param size how many there are
 */
export function mergeColumns(sources: readonly Source[], size: number): QuoteColumns {
  const maxTags = sources.reduce((sum, { tags }) => sum + tags.length, 0);
  const columns = allocate(size, maxTags);
  let next = 0;
  let end = 0;
  for (const source of sources) {
    for (let d = 0; d < source.size; d++) {
      if (!hasBit(source.liveDocs, d)) continue;
      columns.users[next] = source.users[d] as number;
      columns.authors[next] = source.authors[d] as number;
      columns.langs[next] = source.langs[d] as number;
      columns.characters[next] = source.characters[d] as number;
      columns.checksums[next] = source.checksums[d] as number;
      const last = source.tagStarts[d + 1] as number;
      for (let i = source.tagStarts[d] as number; i < last; i++) {
        columns.tags[end++] = source.tags[i] as number;
      }
      columns.tagStarts[++next] = end;
    }
  }
  return { ...columns, tags: columns.tags.slice(0, end) };
}

/** The row of quote d. */
export function rowAt(columns: QuoteColumns, d: number): QuoteRow {
  const { users, authors, langs, characters, checksums, tagStarts, tags } = columns;
  return {
    user: users[d] as number,
    author: authors[d] as number,
    lang: langs[d] as number,
    tags: [...tags.subarray(tagStarts[d], tagStarts[d + 1])],
    characters: characters[d] as number,
    checksum: checksums[d] as number,
  };
}

/** How many language numbers there are. */
export const LANGUAGE_NUMBERS = 27 ** 3;

/** A language code of up to three letters from a to z as a number of 16 bits; 0 without one. */
export function languageNumber(lang: string | null): number {
  let number = 0;
  for (const letter of lang ?? '') number = number * 27 + letter.charCodeAt(0) - 96;
  return number;
}

/** The code of a language number. */
export function languageCode(number: number): string {
  let code = '';
  for (let rest = number; rest > 0; rest = Math.floor(rest / 27)) {
    code = String.fromCharCode(96 + (rest % 27)) + code;
  }
  return code;
}

function allocate(size: number, tagCount: number) {
  return {
    users: new Uint32Array(size),
    authors: new Uint32Array(size),
    langs: new Uint16Array(size),
    characters: new Uint16Array(size),
    checksums: new Uint32Array(size),
    tagStarts: new Uint32Array(size + 1),
    tags: new Uint32Array(tagCount),
  };
}
