import type { WriteStream } from 'node:tty';
import { MAX_TAG_CHARACTERS, MAX_TAGS } from '#libs/quotes/quote.schema.ts';

/** How often the bar is redrawn on a terminal, or else a line is logged. */
const REDRAW_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 5000;
const BAR_WIDTH = 24;

/** How far an import has come. */
export interface Tally {
  added: number;
  known: number;
  refused: number;
  /** Rows of which some tags were left out. */
  cut: number;
  /** Bytes read. */
  bytes: number;
  /** Bytes of all files; undefined when nobody knows how long one is. */
  size: number | undefined;
  /** Seconds since the start. */
  seconds: number;
}

/**
 * Shows an import: on a terminal a bar that is redrawn in place, elsewhere a line every few
 * seconds. Refused rows are named as they come.
 *
 * It is written here because cli-progress 3.12 holds lines that stand above a bar back until it
 * draws the bar again. Lines that wait when the bar stops are lost, and off a terminal all of them
 * are, unless the bar itself is printed there every time; but each of our lines names a row that
 * the user has to mend. A killed import would also leave the terminal without line wrap.
 */
export class ImportProgress {
  private readonly tally = { added: 0, known: 0, refused: 0, cut: 0, bytes: 0 };
  private readonly start = performance.now();
  private readonly output: WriteStream;
  private readonly size: number | undefined;
  private readonly timer: NodeJS.Timeout;

  /** @param size bytes of all files; undefined when nobody knows how long one is */
  constructor(output: WriteStream, size: number | undefined) {
    this.output = output;
    this.size = size;
    const interval = output.isTTY ? REDRAW_INTERVAL_MS : LOG_INTERVAL_MS;
    this.timer = setInterval(() => this.show(), interval);
  }

  /** Notes that more of a file was read. */
  read(bytes: number): void {
    this.tally.bytes += bytes;
  }

  /** Notes that a row is in Redis. */
  done(outcome: 'added' | 'known'): void {
    this.tally[outcome] += 1;
  }

  /** Notes that some tags of a row were left out. */
  cut(): void {
    this.tally.cut += 1;
  }

  /** Notes and prints that a row was refused. */
  refused(place: string, reason: string): void {
    this.tally.refused += 1;
    this.print(`${place}: ${reason}`);
  }

  /** Prints a line, above the bar if there is one. */
  print(line: string): void {
    this.output.write(`${this.output.isTTY ? '\r\x1b[K' : ''}${printable(line)}\n`);
  }

  /** Ends the display; answers the final figures. */
  finish(): Tally {
    clearInterval(this.timer);
    if (this.output.isTTY) this.output.write('\r\x1b[K');
    return this.current();
  }

  private current(): Tally {
    return { ...this.tally, size: this.size, seconds: (performance.now() - this.start) / 1000 };
  }

  private show(): void {
    if (!this.output.isTTY) this.print(progressLine(this.current()));
    else
      this.output.write(`\r\x1b[K${progressBar(this.current()).slice(0, this.output.columns - 1)}`);
  }
}

/**
 * A message that is safe to show: what a file, its name or Redis brings into it cannot move the
 * cursor, colour or hide text, or turn its direction. Control and format characters and line ends
 * are escaped as in JSON.
 */
export function printable(message: string): string {
  return message.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** Shows the share of the bytes as a bar, then rows, rate and time left. */
export function progressBar(tally: Tally): string {
  const part = share(tally);
  if (part === undefined) return progressLine(tally);
  const filled = Math.floor(part * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${progressLine(tally)}`;
}

/** The same without a bar. */
export function progressLine(tally: Tally): string {
  const rows = `${count(tally.added + tally.known + tally.refused)} rows  ${count(rate(tally))}/s`;
  const part = share(tally);
  if (part === undefined) return rows;
  const left = part > 0 ? clock((tally.seconds * (1 - part)) / part) : '?';
  return `${Math.floor(part * 100)} %  ${rows}  ${left} left`;
}

/** The last line of an import. */
export function summaryLine(tally: Tally): string {
  const { added, known, refused, seconds } = tally;
  const rows = `${count(added)} added, ${count(known)} already there, ${count(refused)} refused`;
  return `${rows} in ${seconds.toFixed(1)} s (${count(rate(tally))}/s)`;
}

/** The last line of an import that only looked at its files. */
export function rehearsalLine({ added, refused }: Tally): string {
  return `${count(added)} would be imported, ${count(refused)} refused; nothing was written`;
}

/** Says of how many rows tags were left out, if of any. */
export function cutLine({ cut }: Tally): string | undefined {
  if (cut === 0) return undefined;
  return (
    `${count(cut)} with tags left out: a quote has at most ${MAX_TAGS}, ` +
    `of at most ${MAX_TAG_CHARACTERS} characters`
  );
}

function share({ bytes, size }: Tally): number | undefined {
  if (size === undefined) return undefined;
  return size > 0 ? Math.min(1, bytes / size) : 1;
}

function rate({ added, known, refused, seconds }: Tally): number {
  return seconds > 0 ? Math.round((added + known + refused) / seconds) : 0;
}

function count(number: number): string {
  return number.toLocaleString('en');
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
