import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

/** The whole index fits in memory, and a query uses one core, as in our engine. */
const SETTINGS = [
  'shared_buffers=2GB',
  'work_mem=256MB',
  'maintenance_work_mem=1GB',
  'fsync=off',
  'jit=off',
  'client_min_messages=warning',
];
const ONE_CORE = ['max_parallel_workers_per_gather=0', 'autovacuum=off', 'listen_addresses='];

/** A PostgreSQL server of its own, on a socket in a temporary folder. */
export class PostgresServer {
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
  static start(): PostgresServer {
    const [server] = globSync('/usr/lib/postgresql/*/bin/postgres').sort().reverse();
    if (server === undefined) throw new Error('it is not installed');
    // The server refuses to run as root.
    const number = (flag: string) => Number(execFileSync('id', [flag, 'postgres']));
    return new PostgresServer(
      join(server, '..'),
      process.getuid?.() === 0 ? { uid: number('-u'), gid: number('-g') } : {},
    );
  }

  /** Fills a table from rows of columns without tabs, line ends and backslashes. */
  async copy(into: string, rows: readonly (readonly (string | number)[])[]): Promise<void> {
    const input = this.#client.stdin;
    input?.write(`COPY ${into} FROM STDIN;\n`);
    for (let from = 0; from < rows.length; from += 1000) {
      const lines = rows.slice(from, from + 1000).map((columns) => `${columns.join('\t')}\n`);
      if (input && !input.write(lines.join(''))) await once(input, 'drain');
    }
    await this.run('\\.');
  }

  async close(): Promise<void> {
    this.#client.kill();
    this.#server.kill('SIGINT');
    await once(this.#server, 'exit');
    rmSync(this.#folder, { recursive: true });
  }

  /** Runs a statement; answers its rows. */
  run(statement: string): Promise<string[]> {
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
