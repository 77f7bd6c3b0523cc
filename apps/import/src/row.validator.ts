import type { z } from 'zod';

/** What no text may hold: control characters, and halves of surrogate pairs. */
const REFUSED = /[[\p{Cc}\p{Cs}]--[\t\n\r]]/v;

/**
 * The row as the API would take it, or one line that says why it would not.
 * @param columns the names of the columns in the file, by field
 */
export function validate<T>(
  schema: z.ZodType<T>,
  value: unknown,
  columns: ReadonlyMap<string, string>,
): { value: T } | { reason: string } {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  return { reason: result.error.issues.map((issue) => explain(issue, value, columns)).join('; ') };
}

function explain(
  issue: z.core.$ZodIssue,
  row: unknown,
  columns: ReadonlyMap<string, string>,
): string {
  const [field, item] = issue.path.map(String);
  if (field === undefined) return 'must be an object';
  const value = (row as Record<string, unknown>)[field];
  if (value === undefined) return `${field} is missing`;
  const column = columns.get(field);
  const name = column === undefined || column === field ? field : `${field} (column "${column}")`;
  const refused = Array.isArray(value) && item !== undefined ? value[Number(item)] : value;
  return `${name} ${issue.message}${culprit(refused)}`;
}

/** The character that is refused, and where it stands, counted from 1. */
function culprit(value: unknown): string {
  const match = typeof value === 'string' && REFUSED.exec(value);
  if (!match) return '';
  const code = (match[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `: character ${[...match.input.slice(0, match.index)].length + 1} is U+${code}`;
}
