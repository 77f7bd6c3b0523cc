import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { QueryKind, Rival, RivalAnswer } from './rival.ts';

/** The whole index fits in memory, and a query uses one core, as in our engine. */
const SETTINGS = [
  'shared_buffers=2GB',
  'work_mem=256MB',
  'maintenance_work_mem=1GB',
  'fsync=off',
  'jit=off',
];
const ONE_CORE = ['max_parallel_workers_per_gather=0', 'autovacuum=off', 'listen_addresses='];

/**
 * PostgreSQL's full text search: a GIN index over tsvectors, ranked by ts_rank. A server of its
 * own, on a socket in a temporary folder.
 */
export class PostgresRival implements Rival {
  readonly name = 'PostgreSQL';
  readonly kinds = ['words', 'prefix', 'phrase'] as const;
  readonly #folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  readonly #server: ChildProcess;
  readonly #client: ChildProcess;
  readonly #answers: Interface;

  private constructor(programs: string, owner: { uid?: number; gid?: number }) {
    if (owner.uid !== undefined) chownSync(this.#folder, owner.uid, owner.gid ?? owner.uid);
    const data = join(this.#folder, 'data');
    const options = { ...owner, cwd: this.#folder };
    execFileSync(
      join(programs, 'initdb'),
      ['-D', data, '-A', 'trust', '-U', 'bench', '-E', 'UTF8', '--locale=C.UTF-8'],
      {
        ...options,
        stdio: 'ignore',
      },
    );
    const settings = [...SETTINGS, ...ONE_CORE].flatMap((setting) => ['-c', setting]);
    this.#server = spawn(
      join(programs, 'postgres'),
      ['-D', data, '-k', this.#folder, ...settings],
      {
        ...options,
        stdio: 'ignore',
      },
    );
    execFileSync(
      'sh',
      ['-c', `until ${programs}/pg_isready -qh ${this.#folder}; do sleep 0.1; done`],
      {
        timeout: 30_000,
      },
    );
    const psql = ['-h', this.#folder, '-U', 'bench', '-d', 'postgres', '-qAtX'];
    this.#client = spawn('psql', psql, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.#client.stdout) throw new Error('psql has no output');
    this.#answers = createInterface(this.#client.stdout);
  }

  /** @throws Error: PostgreSQL is not installed */
  static start(): PostgresRival {
    const [server] = globSync('/usr/lib/postgresql/*/bin/postgres').sort().reverse();
    if (server === undefined) throw new Error('it is not installed');
    // The server refuses to run as root.
    const number = (flag: string) => Number(execFileSync('id', [flag, 'postgres']));
    return new PostgresRival(
      join(server, '..'),
      process.getuid?.() === 0 ? { uid: number('-u'), gid: number('-g') } : {},
    );
  }

  async build(texts: readonly string[]): Promise<void> {
    await this.#run('CREATE TABLE quotes (id bigint, text text, words tsvector);');
    this.#client.stdin?.write('COPY quotes (id, text) FROM STDIN;\n');
    for (let from = 0; from < texts.length; from += 1000) {
      const rows = texts.slice(from, from + 1000).map((text, i) => `${from + i + 1}\t${text}\n`);
      if (!this.#client.stdin?.write(rows.join('')) && this.#client.stdin)
        await once(this.#client.stdin, 'drain');
    }
    await this.#run('\\.');
    await this.#run(`UPDATE quotes SET words = to_tsvector('simple', text);`);
    await this.#run('CREATE INDEX ON quotes USING gin (words); VACUUM FULL ANALYZE quotes;');
  }

  async search(kind: QueryKind, words: readonly string[]): Promise<RivalAnswer> {
    const operator = kind === 'phrase' ? ' <-> ' : ' & ';
    const query = words.map((word) => `'${word}'`).join(operator) + (kind === 'prefix' ? ':*' : '');
    const start = performance.now();
    const [row = '|0'] = await this.#run(
      `SELECT id, count(*) OVER () FROM quotes, to_tsquery('simple', $$${query}$$) query WHERE words @@ query ORDER BY ts_rank(words, query) DESC, id DESC LIMIT 20;`,
    );
    return { total: Number(row.split('|')[1]), times: [performance.now() - start] };
  }

  async close(): Promise<void> {
    this.#client.kill();
    this.#server.kill('SIGINT');
    await once(this.#server, 'exit');
    rmSync(this.#folder, { recursive: true });
  }

  /** Runs a statement; answers its rows. */
  #run(statement: string): Promise<string[]> {
    const rows: string[] = [];
    return new Promise((resolve) => {
      const read = (line: string) => {
        if (line !== 'done') {
          rows.push(line);
          return;
        }
        this.#answers.off('line', read);
        resolve(rows);
      };
      this.#answers.on('line', read);
      this.#client.stdin?.write(`${statement}\n\\echo done\n`);
    });
  }
}
