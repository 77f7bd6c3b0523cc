import { fold } from './fold.ts';
import { NameTable } from './name.table.ts';
import { languageNumber, type QuoteColumns, type QuoteRow } from './quote.columns.ts';
import type { QuoteDetails } from './quote.details.ts';
import type { NumberFilters, SelectionFilters } from './quote.selection.ts';

/** The names of the quotes of an index, which its columns hold as numbers. */
export class QuoteNames {
  readonly users = new NameTable((id) => id);
  readonly authors = new NameTable(fold, true);
  readonly tags = new NameTable(fold);

  /** The row of a quote, whose names are counted in. */
  addRow(quote: string, userId: string | null, details: QuoteDetails): QuoteRow {
    const row = {
      user: this.users.intern(userId),
      author: this.authors.intern(details.author),
      lang: languageNumber(details.lang),
      tags: details.tags.map((tag) => this.tags.intern(tag)),
      characters: [...quote].length,
      checksum: details.checksum,
    };
    this.countRow(row, 1);
    const keys = row.tags.map((tag) => this.tags.keys[tag]);
    // A quote has a tag once, in however many spellings.
    const tags = row.tags.filter((_, i) => keys.indexOf(keys[i]) === i);
    for (const tag of row.tags) if (!tags.includes(tag)) this.tags.count(tag, -1);
    return { ...row, tags };
  }

  /** Counts the names of a row in, or out: `change` is 1 or -1. */
  countRow({ user, author, tags }: QuoteRow, change: 1 | -1): void {
    this.users.count(user, change);
    this.authors.count(author, change);
    for (const tag of tags) this.tags.count(tag, change);
  }

  /** Counts in the names of many quotes. */
  countColumns({ users, authors, tags }: QuoteColumns): void {
    for (const user of users) this.users.count(user, 1);
    for (const author of authors) this.authors.count(author, 1);
    for (const tag of tags) this.tags.count(tag, 1);
  }

  /** The filters as numbers; undefined when they name what no quote has. */
  numbersOf(filters: SelectionFilters): NumberFilters | undefined {
    const user = find(this.users, filters.userId);
    const author = find(this.authors, filters.author);
    const tag = find(this.tags, filters.tag);
    if (user === null || author === null || tag === null) return undefined;
    return {
      user,
      author,
      authorKeys: this.authors.keys,
      tag,
      tagKeys: this.tags.keys,
      lang: filters.lang === undefined ? undefined : languageNumber(filters.lang),
      minLength: filters.minLength ?? 0,
      maxLength: filters.maxLength ?? Number.POSITIVE_INFINITY,
    };
  }

  /** Keeps listings of names quick: those that came since are sorted now. */
  sort(): void {
    this.authors.sort();
    this.tags.sort();
  }
}

/** The number of a name; undefined when none is asked for, null when no quote has it. */
function find(table: NameTable, name: string | undefined): number | null | undefined {
  return name === undefined ? undefined : (table.find(name) ?? null);
}
