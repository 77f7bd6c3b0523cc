/** A row of a file: what it holds, still to be validated, or why it cannot be read. `line` is where it starts. */
export type Row = { line: number; value: unknown } | { line: number; reason: string };
