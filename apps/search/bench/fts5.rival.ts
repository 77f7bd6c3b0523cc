import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { QueryKind, Rival, RivalAnswer } from './rival.ts';

/** SQLite's full text search, version 5, in memory. */
export class Fts5Rival implements Rival {
  readonly name = 'SQLite FTS5';
  readonly kinds = ['words', 'prefix', 'phrase'] as const;
  readonly #database = new DatabaseSync(':memory:');
  #best: StatementSync | undefined;
  #count: StatementSync | undefined;

  async build(texts: readonly string[]): Promise<void> {
    this.#database.exec(`CREATE VIRTUAL TABLE quotes USING fts5(text, content='', prefix='3')`);
    const insert = this.#database.prepare('INSERT INTO quotes (rowid, text) VALUES (?, ?)');
    this.#database.exec('BEGIN');
    texts.forEach((text, i) => {
      insert.run(i + 1, text);
    });
    this.#database.exec(`COMMIT; INSERT INTO quotes (quotes) VALUES ('optimize')`);
    this.#best = this.#database.prepare(
      'SELECT rowid FROM quotes WHERE quotes MATCH ? ORDER BY rank LIMIT 20',
    );
    this.#count = this.#database.prepare(
      'SELECT count(*) AS total FROM quotes WHERE quotes MATCH ?',
    );
  }

  async search(kind: QueryKind, words: readonly string[]): Promise<RivalAnswer> {
    const quoted = kind === 'phrase' ? [words.join(' ')] : words;
    const query = quoted.map((word) => `"${word}"`).join(' ') + (kind === 'prefix' ? '*' : '');
    const start = performance.now();
    this.#best?.all(query);
    const total = Number(this.#count?.get(query)?.total);
    return { total, times: [performance.now() - start] };
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
