import { PostgresServer } from './postgres.server.ts';
import { LANGUAGES, type Language, type RealQuote } from './real.quotes.ts';
import { RELEVANCE_LIMIT, type RelevanceRival } from './relevance.rival.ts';

const CONFIGURATIONS: Record<Language, string> = {
  en: 'english',
  fr: 'french',
  de: 'german',
  es: 'spanish',
  it: 'italian',
};
const QUERIES_AT_ONCE = 20;

/** PostgreSQL with its text search configuration of each language. */
export class PostgresRelevance implements RelevanceRival {
  readonly name = 'PostgreSQL';
  readonly configurations = ['and, ts_rank', 'or, ts_rank', 'or, ts_rank_cd'];
  /** @throws Error: PostgreSQL is not installed */
  readonly #server = PostgresServer.start();
  #withLang = true;

  async build(quotes: readonly RealQuote[], withLang: boolean): Promise<void> {
    this.#withLang = withLang;
    await this.#server.run(
      `DROP TABLE IF EXISTS quotes;
      CREATE TABLE quotes (number int, lang text, text text, words tsvector);`,
    );
    const rows = quotes.map(({ text, lang }, i) => {
      return [i, lang, text.replaceAll('\\', '\\\\')];
    });
    await this.#server.copy('quotes (number, lang, text)', rows);
    for (const lang of LANGUAGES) {
      const vectors = (withLang ? [lang] : LANGUAGES).map((known) => {
        return `to_tsvector('${CONFIGURATIONS[known]}', text)`;
      });
      await this.#server.run(
        `UPDATE quotes SET words = ${vectors.join(' || ')} WHERE lang = '${lang}';`,
      );
    }
    await this.#server.run('CREATE INDEX ON quotes USING gin (words); VACUUM FULL ANALYZE quotes;');
  }

  async search(queries: readonly string[], configuration: string): Promise<number[][]> {
    const found: number[][] = [];
    for (let from = 0; from < queries.length; from += QUERIES_AT_ONCE) {
      const some = queries.slice(from, from + QUERIES_AT_ONCE);
      const statements = some.map((query) => this.#statement(query, configuration));
      const rows = await this.#server.run(statements.join('\\echo next\n'));
      const answers = rows.join(' ').split('next');
      found.push(...answers.map((answer) => answer.split(' ').filter(Boolean).map(Number)));
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  #statement(query: string, configuration: string): string {
    const [operator, rank] = configuration.split(', ');
    const parsed = (lang: Language) => {
      const every = `plainto_tsquery('${CONFIGURATIONS[lang]}', $q$${query}$q$)`;
      return operator === 'and' ? every : `replace(${every}::text, '&', '|')::tsquery`;
    };
    // A quote is held against the query as its own language reads it.
    const rows = LANGUAGES.map((lang) => `('${lang}', ${parsed(lang)})`).join(', ');
    const source = this.#withLang
      ? `quotes JOIN (VALUES ${rows}) AS parsed (lang, query) USING (lang)`
      : `quotes, (SELECT ${LANGUAGES.map(parsed).join(' || ')}) AS parsed (query)`;
    return `SELECT number FROM ${source} WHERE words @@ query
      ORDER BY ${rank}(words, query) DESC, number DESC LIMIT ${RELEVANCE_LIMIT};\n`;
  }
}
