import { closeSync, openSync, writeSync } from 'node:fs';
import { unusable } from './import.source.ts';

/** A row that was refused. */
export interface Reject {
  file: string;
  line: number;
  reason: string;
  /** The row as it was read, or its text if it could not be read. */
  value: unknown;
}

/**
 * A file of the rows that were refused: JSON Lines that can be mended and imported again, since
 * each has the fields of its row beside `file`, `line` and `reason`. It is readable by its owner
 * only.
 */
export class RejectFile {
  private readonly descriptor: number;
  private readonly path: string;
  private readonly hidesRows: boolean;

  /**
   * @param hidesRows whether rows hold secrets and are left out
   * @throws SourceError when the file cannot be written
   */
  constructor(path: string, hidesRows: boolean) {
    try {
      this.descriptor = openSync(path, 'w', 0o600);
    } catch (error) {
      throw unusable(path, error);
    }
    this.path = path;
    this.hidesRows = hidesRows;
  }

  /** @throws SourceError when the row cannot be written */
  add({ file, line, reason, value }: Reject): void {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const row = this.hidesRows || value === undefined ? {} : isObject ? value : { row: value };
    try {
      writeSync(this.descriptor, `${JSON.stringify({ ...row, file, line, reason })}\n`);
    } catch (error) {
      throw unusable(this.path, error);
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
