import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { RealQuote } from './real.quotes.ts';
import { RELEVANCE_LIMIT, type RelevanceRival } from './relevance.rival.ts';

/** tantivy with the stemmers of the languages, in a process that is started for every index. */
export class TantivyRelevance implements RelevanceRival {
  readonly name = 'tantivy';
  readonly configurations = ['and', 'or', 'and, fuzzy', 'or, fuzzy', 'or, then fuzzy'];
  readonly #python: string;
  #process: ChildProcess | undefined;
  #answers: AsyncIterator<string> | undefined;

  /** @param python one that has tantivy */
  constructor(python: string) {
    this.#python = python;
  }

  async build(quotes: readonly RealQuote[], withLang: boolean): Promise<void> {
    await this.close();
    const args = ['apps/search/bench/tantivy.relevance.py'];
    const child = spawn(this.#python, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    await this.#ask(quotes.map(({ text, lang }) => [text, withLang ? lang : null]));
  }

  async search(queries: readonly string[], configuration: string): Promise<number[][]> {
    const request = { queries, configuration, limit: RELEVANCE_LIMIT };
    return JSON.parse(await this.#ask(request));
  }

  async close(): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null) return;
    this.#process.stdin?.end();
    await once(this.#process, 'exit');
  }

  /** @throws Error: the process has ended */
  async #ask(request: unknown): Promise<string> {
    this.#process?.stdin?.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#answers?.next();
    if (!answer || answer.done) throw new Error('its process has ended');
    return answer.value;
  }
}
