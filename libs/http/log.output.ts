/** Lines are written once this many characters have come together, or after FLUSH_INTERVAL milliseconds: a system call a request is too many. */
const BUFFER = 8192;
const FLUSH_INTERVAL = 250;

/**
 * Standard output, in blocks of lines. The destination that comes with pino measures all that it has collected anew for each line, which took a fifth of a
 * request's CPU. What is collected is written at the end of the process too, unless that is a SIGKILL.
 */
export class LogOutput {
  #lines: string[] = [];
  #length = 0;

  constructor() {
    setInterval(() => this.#flush(), FLUSH_INTERVAL).unref();
    process.once('exit', () => this.#flush());
    // When nobody reads the log any more, the service goes on.
    process.stdout.on('error', () => {});
  }

  /** @param line with its end of line */
  write(line: string): void {
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= BUFFER) this.#flush();
  }

  #flush(): void {
    if (this.#length === 0) return;
    process.stdout.write(this.#lines.join(''));
    this.#lines = [];
    this.#length = 0;
  }
}
