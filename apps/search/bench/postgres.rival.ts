import { PostgresServer } from './postgres.server.ts';
import type { QueryKind, Rival, RivalAnswer } from './rival.ts';

/** PostgreSQL's full text search: a GIN index over tsvectors, ranked by ts_rank. */
export class PostgresRival implements Rival {
  readonly name = 'PostgreSQL';
  readonly kinds = ['words', 'prefix', 'phrase'] as const;
  /** @throws Error: PostgreSQL is not installed */
  readonly #server = PostgresServer.start();

  async build(texts: readonly string[]): Promise<void> {
    await this.#server.run('CREATE TABLE quotes (id bigint, text text, words tsvector);');
    const rows = texts.map((text, i) => [i + 1, text]);
    await this.#server.copy('quotes (id, text)', rows);
    await this.#server.run(`UPDATE quotes SET words = to_tsvector('simple', text);`);
    await this.#server.run('CREATE INDEX ON quotes USING gin (words); VACUUM FULL ANALYZE quotes;');
  }

  async search(kind: QueryKind, words: readonly string[]): Promise<RivalAnswer> {
    const operator = kind === 'phrase' ? ' <-> ' : ' & ';
    const query = words.map((word) => `'${word}'`).join(operator) + (kind === 'prefix' ? ':*' : '');
    const start = performance.now();
    const [row = '|0'] = await this.#server.run(
      `SELECT id, count(*) OVER () FROM quotes, to_tsquery('simple', $$${query}$$) query WHERE words @@ query ORDER BY ts_rank(words, query) DESC, id DESC LIMIT 20;`,
    );
    return { total: Number(row.split('|')[1]), times: [performance.now() - start] };
  }

  async close(): Promise<void> {
    await this.#server.close();
  }
}
