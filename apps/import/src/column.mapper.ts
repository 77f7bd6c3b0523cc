/** A field of what is imported, and where it is found in a file. */
export interface Column {
  field: string;
  required: boolean;
  /** What files call it, the most telling first, as {@link normalised} writes names. */
  names: readonly string[];
  /** The value as the API takes it, of what stands in a file; undefined when nothing does. */
  read?: (value: unknown) => unknown;
}

/** Which columns of a file hold which fields. */
export interface Assignment {
  /** The fields with the name of their column in the file. */
  columns: Map<Column, string>;
  /** The names of the columns that are not imported. */
  ignored: string[];
}

/** No file has more different rows than this, or it does not matter that it is slower. */
const MAX_ASSIGNMENTS = 1000;

/**
 * Finds the fields among the columns of a file: where the user says so, or else by their usual
 * names, which are compared without case, accents, blanks and punctuation.
 */
export class ColumnMapper {
  private readonly columns: readonly Column[];
  private readonly told: ReadonlyMap<string, string>;
  private readonly assignments = new Map<string, Assignment>();
  private last: { names: readonly string[]; columns: readonly [Column, string][] } = {
    names: [],
    columns: [],
  };

  /**
   * @param told the names of columns by field, as the user gave them; an empty name says that a
   *   field is not to be read
   */
  constructor(columns: readonly Column[], told: ReadonlyMap<string, string>) {
    this.columns = columns;
    this.told = told;
  }

  /** Whether the user names columns by their numbers, as those of a file without names. */
  get isNumbered(): boolean {
    const names = [...this.told.values()].filter((name) => name !== '');
    return names.length > 0 && names.every((name) => /^\d+$/.test(name));
  }

  /** Whether the user names columns. */
  get isTold(): boolean {
    return [...this.told.values()].some((name) => name !== '');
  }

  /** The required fields that no column holds. */
  missing(names: readonly string[]): string[] {
    const { columns } = this.assign(names);
    return this.columns
      .filter((column) => column.required && !columns.has(column))
      .map(({ field }) => field);
  }

  /** The names that the user gave and these columns do not have. */
  absent(names: readonly string[]): string[] {
    return [...this.told.values()].filter((name) => name !== '' && !find(names, [name]));
  }

  /** Which of the columns with these names hold which fields. */
  assign(names: readonly string[]): Assignment {
    const key = names.join('\0');
    let assignment = this.assignments.get(key);
    if (!assignment) {
      if (this.assignments.size >= MAX_ASSIGNMENTS) this.assignments.clear();
      assignment = this.assignAnew(names);
      this.assignments.set(key, assignment);
    }
    return assignment;
  }

  /** A row with its fields under their names; what is no object is answered as it is. */
  map(row: unknown): unknown {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return row;
    const mapped: Record<string, unknown> = {};
    const names = Object.keys(row);
    // Nearly all rows have the columns of the row before.
    if (!isSame(names, this.last.names))
      this.last = { names, columns: [...this.assign(names).columns] };
    for (const [{ field, read }, name] of this.last.columns) {
      const value = (row as Record<string, unknown>)[name];
      mapped[field] = read ? read(value) : value;
    }
    return mapped;
  }

  private assignAnew(names: readonly string[]): Assignment {
    const free = new Set(names.filter((name) => name !== ''));
    const columns = new Map<Column, string>();
    const take = (column: Column, candidates: readonly string[]) => {
      const name = find([...free], candidates);
      if (name === undefined) return;
      columns.set(column, name);
      free.delete(name);
    };
    for (const column of this.columns) {
      const told = this.told.get(column.field);
      if (told) take(column, [told]);
    }
    for (const column of this.columns) if (!this.told.has(column.field)) take(column, column.names);
    return { columns, ignored: [...free] };
  }
}

const isSame = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((name, index) => name === b[index]);

function find(names: readonly string[], candidates: readonly string[]): string | undefined {
  for (const candidate of candidates) {
    const name =
      names.find((name) => name === candidate) ??
      names.find((name) => normalised(name) === normalised(candidate));
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The name of a column without case, accents, blanks and punctuation. */
export function normalised(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll('œ', 'oe')
    .replace(/[^\p{L}\p{N}]/gu, '');
}
