/** A row of a file: its value, not validated yet, or why it cannot be read. It starts at `line`. */
export type Row = { line: number; value: unknown } | { line: number; reason: string };
