import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { QueryKind, Rival, RivalAnswer } from './rival.ts';

const TEXTS_A_WRITE = 1000;

/**
 * A rival that is a program in another language. It reads a text a line up to an empty line,
 * indexes them, and writes `ready`. Then it reads a query a line, the kind and the words, and
 * answers each with the total and its own milliseconds: what the pipe costs is not in them.
 */
export class ProcessRival implements Rival {
  readonly kinds = ['words', 'prefix', 'phrase', 'fuzzy'] as const;
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #lastWords = '';

  constructor(name: string, program: string, args: readonly string[]) {
    this.name = name;
    const child = spawn(program, args, { stdio: 'pipe' });
    this.#process = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    // Java warns of much that is harmless. It is shown only when the program ends by itself.
    child.stderr.on('data', (data) => {
      this.#lastWords = (this.#lastWords + data).slice(-2000);
    });
    // Then the next answer does not come either, which #read() tells.
    child.stdin.on('error', () => {});
  }

  async build(texts: readonly string[]): Promise<void> {
    for (let from = 0; from < texts.length; from += TEXTS_A_WRITE) {
      await this.#write(texts.slice(from, from + TEXTS_A_WRITE));
    }
    await this.#write(['']);
    await this.#read();
  }

  async search(kind: QueryKind, words: readonly string[]): Promise<RivalAnswer> {
    await this.#write([[kind, ...words].join(' ')]);
    const [total = 0, ...times] = (await this.#read()).split(' ').map(Number);
    return { total, times };
  }

  async close(): Promise<void> {
    this.#process.stdin?.end();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
  }

  async #write(lines: readonly string[]): Promise<void> {
    const { stdin } = this.#process;
    if (stdin && !stdin.write(`${lines.join('\n')}\n`)) await once(stdin, 'drain');
  }

  /** @throws Error: the program has ended */
  async #read(): Promise<string> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`it has ended: ${this.#lastWords}`);
    return value;
  }
}
