/**
 * A row of a file: its value, not validated yet, or why it cannot be read. It starts at `line`. The
 * value is an object whose members are columns, or a string that is a quote and nothing else.
 */
export type Row = { line: number; value: unknown } | UnreadableRow;

/** A row that cannot be read; `text` is what stands there, as far as it is known. */
export interface UnreadableRow {
  line: number;
  reason: string;
  text?: string;
}
